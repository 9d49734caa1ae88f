"""Write generated/ anew; with `--check`, say how it differs from what its sources make."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from codegen.build import build
from codegen.queries import QueryError
from codegen.schema import SchemaError
from codegen.tree import compare_trees, replace_tree
from codegen.twin import TwinError

__all__ = ["main"]

_MEND = "Run `nox -s generate` (or `python -m codegen`) and commit what it writes."


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m codegen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on any difference")
    parser.add_argument(
        "--root", type=Path, default=Path(__file__).parent.parent, help="the checkout to compile"
    )
    options = parser.parse_args(arguments)
    target = options.root / "generated"
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "generated"
        try:
            unused = build(options.root, fresh)
        except (QueryError, SchemaError, TwinError) as error:
            print(error, file=sys.stderr)
            return 1
        drift = compare_trees(fresh, target) if options.check else replace_tree(fresh, target)
    if unused:
        print(f"Rules in codegen/twin/rules.py that nothing uses: {', '.join(unused)}.", file=sys.stderr)
    if not drift:
        return int(options.check and bool(unused))
    print(drift.report("generated"), file=sys.stderr if options.check else sys.stdout)
    if options.check:
        print(f"generated/ is not what its sources make. {_MEND}", file=sys.stderr)
    return int(options.check)


if __name__ == "__main__":
    sys.exit(main())
