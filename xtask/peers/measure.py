"""Runs a program and adds to its output what the whole process used.

usage: measure.py PROGRAM [ARGUMENT...]

Adds the lines `process_cpu SECONDS` (user and system) and `process_peak MIB` (resident memory).
"""

import os
import sys


def main(program):
    child = os.posix_spawnp(program[0], program, os.environ)
    _, status, usage = os.wait4(child, 0)
    print("process_cpu", usage.ru_utime + usage.ru_stime)
    print("process_peak", usage.ru_maxrss / 1024)
    sys.exit(os.waitstatus_to_exitcode(status))


main(sys.argv[1:])
