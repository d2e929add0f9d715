"""The lint of includes finds each kind of violation, and nothing in what is allowed."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINT = ROOT / "tools/lint/include_direction.py"
sys.path.insert(0, str(LINT.parent))

from include_direction import violations  # noqa: E402


class IncludeDirection(unittest.TestCase):
    def lint(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
            return list(violations(pathlib.Path(folder)))

    def assert_found(self, path, text, line=1):
        found = self.lint(path, text)
        self.assertTrue(found, (path, text))
        self.assertTrue(found[0].startswith(f"{path}:{line}: "), found)

    def assert_clean(self, path, text):
        self.assertEqual(self.lint(path, text), [], (path, text))

    def test_a_layer_does_not_include_from_one_after_it(self):
        layers = ["core", "commands", "projections", "sagas", "api", "tools"]
        for mine, layer in enumerate(layers):
            for other, included in enumerate(layers):
                text = f'#include "{included}/a/b.h"\n'
                if other > mine:
                    self.assert_found(f"{layer}/x/y.cpp", text)
                    self.assert_found(f"{layer}/y.h", text)
                else:
                    self.assert_clean(f"{layer}/x/y.cpp", text)

    def test_the_line_is_named(self):
        self.assert_found("core/a.cpp", '#include <vector>\n\n  #  include "api/http.h"\n', line=3)

    def test_angle_brackets_and_neighbours_do_not_get_around_it(self):
        self.assert_found("core/a.cpp", "#include <api/http.h>\n")
        self.assert_found("core/a.cpp", '#include "../api/http.h"\n')
        self.assert_found("core/a.cpp", '#include "http.h"\n')

    def test_each_library_has_its_places(self):
        for included, allowed, refused in [
            ("rocksdb/db.h", "core/store/store.cpp", "projections/rows.cpp"),
            ("rocksdb/db.h", "core/log/embedded_log.cpp", "core/json/json.cpp"),
            ("librdkafka/rdkafka.h", "core/log/kafka_log.cpp", "core/store/store.cpp"),
            ("boost/beast/http.hpp", "api/server.cpp", "sagas/runner.cpp"),
            ("boost/beast/core.hpp", "core/net/http_client.cpp", "core/log/log.cpp"),
            ("boost/json/value.hpp", "core/json/json.h", "api/api.cpp"),
            ("boost/json.hpp", "core/json/json.h", "commands/execute.cpp"),
            ("openssl/sha.h", "core/crypto/crypto.cpp", "core/log/crc32c.cpp"),
            ("spdlog/spdlog.h", "api/log.cpp", "api/server.cpp"),
            ("yaml-cpp/yaml.h", "api/settings.cpp", "core/json/json.cpp"),
        ]:
            self.assert_clean(allowed, f"#include <{included}>\n")
            self.assert_found(refused, f"#include <{included}>\n")

    def test_tests_may_include_anything(self):
        self.assert_clean("tests/core/a_test.cpp", '#include <rocksdb/db.h>\n#include "api/http.h"\n')

    def test_a_violation_fails_the_program(self):
        with tempfile.TemporaryDirectory() as folder:
            core = pathlib.Path(folder) / "core"
            core.mkdir()
            (core / "a.cpp").write_text('#include "api/http.h"\n')
            result = subprocess.run([sys.executable, LINT, folder], capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stdout, "core/a.cpp:1: core must not include from api: api/http.h\n")
            (core / "a.cpp").write_text('#include "core/error.h"\n')
            subprocess.run([sys.executable, LINT, folder], check=True)


if __name__ == "__main__":
    unittest.main()
