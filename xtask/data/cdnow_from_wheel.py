"""Writes the CDNOW log of the lifetimes wheel as gzipped CSV.

usage: cdnow_from_wheel.py FOLDER_OF_THE_WHEEL OUTPUT_FOLDER

CDNOW_master.txt (id date quantity amount) becomes cdnow_master.csv.gz, CDNOW_sample.txt
(master id, sample id, date, quantity, amount) becomes cdnow_sample.csv.gz; dates become YYYY-MM-DD.
"""

import glob
import gzip
import os
import sys
import zipfile

FILES = [
    ("CDNOW_master.txt", "cdnow_master.csv.gz", 69_659, "customer_id,date,quantity,amount"),
    ("CDNOW_sample.txt", "cdnow_sample.csv.gz", 6_919, "master_customer_id,customer_id,date,quantity,amount"),
]


def row(line):
    *ids, date, quantity, amount = line.split()
    day = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return ",".join([*(str(int(i)) for i in ids), day, str(int(quantity)), repr(float(amount))])


def main(wheels, output):
    wheel = glob.glob(os.path.join(wheels, "[Ll]ifetimes-*.whl"))
    if not wheel:
        sys.exit(f"no lifetimes wheel in {wheels}")
    os.makedirs(output, exist_ok=True)
    with zipfile.ZipFile(wheel[0]) as archive:
        for name, target, expected, header in FILES:
            lines = archive.read(f"lifetimes/datasets/{name}").decode("ascii").splitlines()
            # The master file has a header, the sample has none.
            rows = [row(line) for line in lines if line.strip() and line.split()[0].isdigit()]
            if len(rows) != expected:
                sys.exit(f"{name} has {len(rows)} rows, {expected} were expected")
            # Written under another name first, so that an interrupted run leaves no file that looks complete.
            path = os.path.join(output, target)
            with gzip.open(path + ".part", "wt", newline="") as out:
                out.write(header + "\n")
                out.writelines(line + "\n" for line in rows)
            os.replace(path + ".part", path)
            print(f"{path}: {len(rows)} rows")


main(*sys.argv[1:3])
