"""Runs dbt several times in one process: takes lists of words as JSON, gives what each run made of them as JSON lines.

A list beginning with "parse" makes the manifest that the lists after it share. What "list" finds is given as "lines".
"""

import json
import sys

from dbt.cli.main import dbtRunner


def lines_of(result):
    is_list = isinstance(result, list) and all(isinstance(line, str) for line in result)
    return result if is_list else None


def main():
    manifest = None
    for words in json.load(sys.stdin):
        done = dbtRunner(manifest=manifest).invoke(words)
        if words[0] == "parse" and done.success:
            manifest = done.result
        outcome = {
            "success": done.success,
            "problem": str(done.exception) if done.exception else None,
            "lines": lines_of(done.result),
        }
        print("\nOUTCOME " + json.dumps(outcome), flush=True)


main()
