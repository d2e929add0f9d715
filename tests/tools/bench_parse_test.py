"""What the benchmark reads from its peers, and how it turns figures into ratios and verdicts.

Run by `tools/dev bench --self-test`.
"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/bench"))

from harness import parse, report  # noqa: E402
from harness.failure import CannotMeasure  # noqa: E402

PGBENCH = """transaction type: insert.sql
number of transactions actually processed: 71412
number of failed transactions: 0 (0.000%)
latency average = 1.344 ms
tps = 23811.402113 (without initial connection time)
"""

WRK = ('Running 3s test @ http://127.0.0.1:1\nRequests/sec:  10.00\n'
       'BENCH {"answers":300,"ok":299,"refused":%d,"bytes":9000,"duration_us":3000000,"connect":0,"read":%d,"write":0,'
       '"timeout":0,"p50_us":10,"p99_us":20,"example":"409 {reason: conflict}"}\n')


class Pgbench(unittest.TestCase):
    def test_rate_and_transactions_are_read(self):
        self.assertEqual(parse.pgbench(PGBENCH), {"rate": 23811.402113, "transactions": 71412})

    def test_failed_transactions_are_an_error(self):
        with self.assertRaisesRegex(CannotMeasure, "failed transactions"):
            parse.pgbench(PGBENCH.replace("failed transactions: 0", "failed transactions: 3"))

    def test_an_aborted_client_is_an_error(self):
        with self.assertRaises(CannotMeasure):
            parse.pgbench(PGBENCH + "pgbench: error: Run was aborted; the above results are incomplete.\n")

    def test_output_without_a_rate_is_an_error(self):
        with self.assertRaisesRegex(CannotMeasure, "no rate"):
            parse.pgbench("pgbench: error: connection failed")


class Wrk(unittest.TestCase):
    def test_the_rate_comes_from_answers_and_duration(self):
        self.assertEqual(parse.wrk(WRK % (0, 0))["rate"], 100)

    def test_one_refused_answer_fails_the_run_and_is_shown(self):
        with self.assertRaisesRegex(CannotMeasure, "1 answers were not 200.*409"):
            parse.wrk(WRK % (1, 0))

    def test_a_lost_connection_fails_the_run(self):
        with self.assertRaisesRegex(CannotMeasure, "'read': 2"):
            parse.wrk(WRK % (0, 2))

    def test_no_answer_at_all_fails_the_run(self):
        with self.assertRaisesRegex(CannotMeasure, "no answer"):
            parse.wrk((WRK % (0, 0)).replace('"ok":299', '"ok":0'))

    def test_output_without_totals_is_an_error(self):
        with self.assertRaisesRegex(CannotMeasure, "no totals"):
            parse.wrk("unable to connect")


class Emmett(unittest.TestCase):
    def test_the_rate_comes_from_commands_and_seconds(self):
        self.assertEqual(parse.emmett('{"commands": 900, "seconds": 3}')["rate"], 300)

    def test_a_refused_command_is_an_error(self):
        with self.assertRaisesRegex(CannotMeasure, "refused a command: Error: no"):
            parse.emmett('{"error": "Error: no"}')

    def test_anything_else_than_json_is_an_error(self):
        with self.assertRaisesRegex(CannotMeasure, "Cannot find package"):
            parse.emmett("Error: Cannot find package 'pg'")


class Process(unittest.TestCase):
    def test_the_port_is_read_from_the_listening_line(self):
        self.assertEqual(parse.listening_port("listening on http://127.0.0.1:40123\n"), 40123)

    def test_another_line_has_no_port(self):
        self.assertIsNone(parse.listening_port("warning: listening on http://127.0.0.1:40123 soon"))

    def test_resident_memory_is_read_with_its_anonymous_part(self):
        self.assertEqual(parse.resident_kib("Name:\tx\nVmRSS:\t   20480 kB\nRssAnon:\t 8192 kB\n"), (20480, 8192))

    def test_a_process_that_ended_has_no_memory(self):
        with self.assertRaises(CannotMeasure):
            parse.resident_kib("Name:\tx\nState:\tZ (zombie)\n")

    def test_cpu_time_is_read_behind_a_name_with_blanks_and_brackets(self):
        stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 1"
        self.assertEqual(parse.cpu_ticks(stat), 300)


class Verdicts(unittest.TestCase):
    def bars(self, rounds, extras=None, quick=False):
        series = {work: [{"rate": rate} for rate in rates] for work, rates in rounds.items()}
        result = report.summarize(series, extras or {}, quick)
        self.assertTrue(report.text(result))
        return {bar["name"]: bar["verdict"] for bar in result["bars"]}

    def test_the_ratio_is_the_median_of_the_ratios_of_each_round(self):
        # The machine was ten times slower in the second round: the ratio does not notice.
        self.assertEqual(parse.median_ratio([300, 30, 300], [100, 10, 150]), 3)

    def test_rounds_must_be_pairs(self):
        with self.assertRaises(ValueError):
            parse.median_ratio([1, 2], [1])

    def test_bars_of_the_commands_pass_and_fail(self):
        verdicts = self.bars({"commands_32": [900, 900, 900], "emmett_32": [301, 301, 100], "pgbench_32": [1000] * 3})
        self.assertEqual(verdicts, {"commands_vs_emmett": "FAIL", "commands_vs_pgbench": "pass"})

    def test_a_weak_generator_fails(self):
        self.assertEqual(self.bars({"commands_32": [100], "generator": [299]}), {"generator_not_the_limit": "FAIL"})

    def test_the_largest_idle_size_counts(self):
        memory = {"fresh": {"resident_kib": 1024, "anonymous_kib": 1}, "later": {"resident_kib": 65 * 1024, "anonymous_kib": 1}}
        self.assertEqual(self.bars({}, {"memory": memory}), {"idle_memory": "FAIL"})

    def test_a_start_on_too_few_commits_is_not_judged(self):
        run = {"after": "kill -9", "listening_seconds": 0.1, "ready_seconds": 0.2}
        self.assertEqual(self.bars({}, {"start": {"commits": 20_000, "runs": [run]}}), {"start": "not judged"})
        self.assertEqual(self.bars({}, {"start": {"commits": 100_000, "runs": [run]}}), {"start": "pass"})

    def test_a_short_run_judges_nothing(self):
        self.assertEqual(self.bars({"get": [1], "nginx": [100]}, quick=True), {"get_vs_nginx": "not judged"})


if __name__ == "__main__":
    unittest.main()
