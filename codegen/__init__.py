"""The compiler: from schema/, queries/ and the async sources to generated/. See codegen/README.md."""
