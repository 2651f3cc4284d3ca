"""Summarises a log of orders per customer with Polars; usage: summarise_polars.py LOG THREADS

Same-day orders of a customer are one transaction. Prints CPU seconds and checksums: customers, repeat transactions,
days between first and last, total spend, spend of the first days.
"""

import os
import sys
import time

os.environ["POLARS_MAX_THREADS"] = sys.argv[2]

import polars as pl  # noqa: E402  reads the number of threads when it is imported


def summary(path):
    days = (
        pl.scan_parquet(path)
        .select(
            "customer_id",
            pl.col("ordered_at").dt.date().alias("day"),
            (pl.col("amount") * 100).round().cast(pl.Int64).alias("spend"),
        )
        .group_by("customer_id", "day")
        .agg(pl.col("spend").sum())
    )
    return days.group_by("customer_id").agg(
        (pl.len() - 1).alias("frequency"),
        pl.col("day").min().alias("first"),
        pl.col("day").max().alias("last"),
        pl.col("spend").sum(),
        FIRST_SPEND,
    )


# The day and the spend packed in one number, whose minimum is the first day's: much faster than sorting each group.
FIRST_SPEND = (
    (pl.col("day").to_physical().cast(pl.Int64) * 100_000_000_000 + pl.col("spend")).min() % 100_000_000_000
).alias("first_spend")


def main(path):
    start = time.process_time()
    result = summary(path).collect(engine="streaming")
    print("cpu", time.process_time() - start)
    print("customers", len(result))
    print("repeat_transactions", result["frequency"].sum())
    print("days", int((result["last"] - result["first"]).dt.total_days().sum()))
    print("spend", result["spend"].sum())
    print("first_spend", result["first_spend"].sum())


main(sys.argv[1])
