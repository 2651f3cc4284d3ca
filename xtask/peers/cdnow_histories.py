"""Writes the calibration period of CDNOW (2,357 customers, 39 weeks), which comes with lifetimes; usage: cdnow_histories.py FILE"""

import sys

from lifetimes.datasets import load_cdnow_summary

import histories


def main(path):
    summary = load_cdnow_summary()
    histories.write(path, summary["frequency"], summary["recency"], summary["T"])


main(sys.argv[1])
