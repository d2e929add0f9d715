"""The one script: what it says, what it refuses, and that it installs what is missing and nothing else."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Stand-ins for the programs that change the machine. Each writes down how it was called.
STAND_INS = {
    "dpkg-query": r'''#!/bin/sh
shift 2
for package in "$@"; do
  case " $MISSING " in
    *" $package "*) echo "dpkg-query: no packages found matching $package" >&2 ;;
    *) echo "installed $package" ;;
  esac
done
''',
    "apt-get": '#!/bin/sh\necho "apt-get $*" >>"$CALLS"\nexit "${APT_STATUS:-0}"\n',
    "sudo": '#!/bin/sh\necho "sudo $*" >>"$CALLS"\nexec "$@"\n',
    "id": '#!/bin/sh\necho "${USER_ID:-0}"\n',
    "cmake": '#!/bin/sh\necho "cmake $*" >>"$CALLS"\n',
    "ctest": '#!/bin/sh\necho "ctest $*" >>"$CALLS"\necho "100% tests passed"\nexit "${CTEST_STATUS:-0}"\n',
    "tee": "#!/bin/sh\nexec cat\n",
    "chmod": "#!/bin/sh\n",
    "rm": "#!/bin/sh\n",
}


class Dev(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name, text in STAND_INS.items():
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)

    def run_script(self, *arguments, script="tools/dev", **environment):
        variables = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "CALLS": f"{self.folder}/calls",
                     "MISSING": "", **environment}
        return subprocess.run([ROOT / script, *arguments], cwd=self.folder, env=variables, check=False,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def calls(self):
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def test_help_lists_every_command(self):
        result = self.run_script("help")
        self.assertEqual(result.returncode, 0)
        for command in ["setup", "build", "run", "test", "lint", "format", "bench", "simulate", "crash", "openapi", "fuzz", "kafka"]:
            self.assertRegex(result.stdout, rf"(?m)^  {command} ")
        self.assertEqual(self.run_script().stdout, result.stdout)

    def test_what_it_does_not_know_is_refused_before_anything_happens(self):
        for arguments, named in [(["biuld"], "biuld"), (["build", "relase"], "relase"), (["setup", "all"], "all"),
                                 (["lint", "--some"], "--some"), (["fuzz", "cursor"], "http_head")]:
            result = self.run_script(*arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn(named, result.stderr)
        self.assertEqual(self.calls(), [])

    def test_setup_does_nothing_when_everything_is_there(self):
        result = self.run_script("setup")
        self.assertEqual((result.returncode, result.stderr, self.calls()), (0, "", []))

    def test_setup_installs_what_is_missing_without_asking(self):
        result = self.run_script("setup", MISSING="mold libfmt-dev")
        self.assertEqual(result.returncode, 0, result.stderr)
        update, install = self.calls()
        self.assertEqual(update, "apt-get update -qq")
        self.assertRegex(install, r"^apt-get install -y .*--no-install-recommends .* libfmt-dev mold$")

    def test_setup_uses_sudo_only_for_somebody_else_than_root(self):
        self.run_script("setup", MISSING="mold", USER_ID="1000")
        self.assertTrue(any(re.match(r"sudo .*apt-get install", call) for call in self.calls()), self.calls())

    def test_a_failed_installation_stops_the_build(self):
        result = self.run_script("build", MISSING="mold", APT_STATUS="100")
        self.assertEqual(result.returncode, 100)
        self.assertFalse(any(call.startswith("cmake") for call in self.calls()))

    def test_each_preset_is_built_in_its_own_name(self):
        for preset in ["release", "debug", "asan", "tsan"]:
            (self.folder / "calls").unlink(missing_ok=True)
            self.assertEqual(self.run_script("build", preset).returncode, 0)
            self.assertEqual(self.calls(), [f"cmake --preset {preset}", f"cmake --build --preset {preset}"])

    def test_the_rest_of_the_words_goes_to_ctest(self):
        self.assertEqual(self.run_script("test", "asan", "-R", "workspace").returncode, 0)
        self.assertEqual(self.calls()[-1], "ctest --preset asan --output-on-failure -R workspace")
        self.run_script("test", "-R", "workspace")
        self.assertEqual(self.calls()[-1], "ctest --preset release --output-on-failure -R workspace")

    def test_ci_ends_with_the_lines_and_the_status_of_ctest(self):
        passed = self.run_script(script=".ci/run")
        self.assertEqual((passed.returncode, passed.stdout.splitlines()[-1]), (0, "100% tests passed"))
        self.assertEqual(self.run_script(script=".ci/run", CTEST_STATUS="8").returncode, 8)


if __name__ == "__main__":
    unittest.main()
