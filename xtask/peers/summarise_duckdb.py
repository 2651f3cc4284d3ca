"""Summarises a log of orders per customer with DuckDB; usage: summarise_duckdb.py LOG THREADS

Same-day orders of a customer are one transaction. Prints CPU seconds and checksums: customers, repeat transactions,
days between first and last, total spend, spend of the first days.
"""

import sys
import time

import duckdb

SUMMARY = """
create table summary as
with days as (
    select customer_id, cast(ordered_at as date) as day, sum(cast(round(amount * 100) as bigint)) as spend
    from read_parquet('{path}') group by all
)
select customer_id, count(*) - 1 as frequency, min(day) as first, max(day) as last, sum(spend) as spend,
       {first_spend} as first_spend
from days group by customer_id
"""
CHECKSUMS = """
select count(*), sum(frequency), sum(last - first), sum(spend), sum(first_spend) from summary
"""
NAMES = ["customers", "repeat_transactions", "days", "spend", "first_spend"]


def main(path, threads):
    connection = duckdb.connect(config={"threads": int(threads)})
    start = time.process_time()
    connection.execute(SUMMARY.format(path=path, first_spend="arg_min(spend, day)"))
    print("cpu", time.process_time() - start)
    for name, value in zip(NAMES, connection.execute(CHECKSUMS).fetchone()):
        print(name, value)


main(*sys.argv[1:3])
