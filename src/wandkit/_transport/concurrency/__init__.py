"""The concurrency primitives, under the same names for tasks (`aio`) and for threads (`threads`)."""
