#!/usr/bin/env python3
"""Checks the direction of includes, and who may use which library.

core <- commands <- projections <- sagas <- api <- tools: a file includes from its own folder and those before it.
"""
import pathlib
import re
import sys

LAYERS = ["core", "commands", "projections", "sagas", "api", "tools"]

# What an include begins with -> the places that may have it.
LIBRARIES = {
    "rocksdb/": ["core/log/", "core/store/", "core/crypto/"],
    "librdkafka/": ["core/log/", "core/crypto/"],
    "boost/beast": ["api/", "core/net/"],
    "boost/json": ["core/json/"],
    "openssl/": ["core/crypto/", "core/net/", "api/"],
    "spdlog/": ["api/log.cpp"],
    "yaml-cpp/": ["api/settings.cpp", "tools/cli/"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def violations(root: pathlib.Path):
    for layer in LAYERS:
        allowed = LAYERS[: LAYERS.index(layer) + 1]
        for path in sorted((root / layer).rglob("*")):
            if path.suffix not in {".h", ".cpp"}:
                continue
            name = path.relative_to(root).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                included = match.group(2)
                folder = included.split("/")[0]
                if folder in LAYERS and folder not in allowed:
                    yield f"{name}:{number}: {layer} must not include from {folder}: {included}"
                if (match.group(1) == '"') != (folder in LAYERS):
                    yield f'{name}:{number}: write "{included}" from the root of the repository, and libraries as <...>'
                for prefix, places in LIBRARIES.items():
                    if included.startswith(prefix) and not any(name.startswith(place) for place in places):
                        yield f"{name}:{number}: {included} belongs in {', '.join(places)} only"


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    found = list(violations(root))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
