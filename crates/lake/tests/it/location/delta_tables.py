"""Delta tables for tests, in the folder that the first argument names."""

import json
import os
import struct
import sys
from datetime import date, datetime, timezone
from decimal import Decimal

import pyarrow
from deltalake import DeltaTable, write_deltalake

folder = sys.argv[1]


def table(**columns):
    return pyarrow.table({name: pyarrow.array(values, kind) for name, (kind, values) in columns.items()})


TEXT, NUMBER, DAY = pyarrow.string(), pyarrow.int64(), pyarrow.date32()


def orders(ids, customers, amounts, times):
    return table(
        id=(NUMBER, ids),
        customer=(TEXT, customers),
        amount=(pyarrow.decimal128(10, 2), amounts),
        placed_at=(pyarrow.timestamp("us", tz="UTC"), times),
    )


def at(month, day):
    return datetime(2025, month, day, tzinfo=timezone.utc)


def euros(*texts):
    return [Decimal(text) for text in texts]


path = os.path.join(folder, "orders")
write_deltalake(path, orders([1, 2, 3], ["anna", "bert", "Ärmel"], euros("10.50", "20", "-0.01"), [at(1, 1), at(1, 2), at(1, 3)]))
write_deltalake(path, orders([4, 5, 6], ["anna", "bert", "cleo"], euros("5", "7", "1.10"), [at(2, 1), at(2, 2), at(2, 3)]), mode="append")
DeltaTable(path).delete("customer = 'anna'")
DeltaTable(path).create_checkpoint()
write_deltalake(path, orders([7], ["dora"], [None], [None]), mode="append")

path = os.path.join(folder, "partitioned")
write_deltalake(
    path,
    table(
        id=(NUMBER, [1, 2, 3, 4]),
        day=(DAY, [date(2025, 1, 1), date(2025, 1, 1), date(2025, 2, 1), None]),
        shop=(TEXT, ["a/b c", "Ä", "a/b c", None]),
        amount=(NUMBER, [10, 20, 30, 40]),
    ),
    partition_by=["day", "shop"],
)

path = os.path.join(folder, "grown")
write_deltalake(path, table(id=(NUMBER, [1]), name=(TEXT, ["x"])))
more = table(id=(NUMBER, [2]), name=(TEXT, ["y"]), weight=(pyarrow.float64(), [2.5]))
write_deltalake(path, more, mode="append", schema_mode="merge")

path = os.path.join(folder, "overwritten")
write_deltalake(path, table(id=(NUMBER, [1]), name=(TEXT, ["x"])))
write_deltalake(path, table(word=(TEXT, ["only"])), mode="overwrite", schema_mode="overwrite")


# What the package cannot write is written by hand, after https://github.com/delta-io/delta/blob/master/PROTOCOL.md


def log(path, version):
    return os.path.join(path, "_delta_log", f"{version:020}.json")


def actions(path, version):
    with open(log(path, version), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def commit(path, version, entries):
    with open(log(path, version), "w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(entry) + "\n" for entry in entries)


def only(entries, name):
    return next(entry[name] for entry in entries if name in entry)


def protocol(*features):
    features = list(features)
    return {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features}}


def z85(data):
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    text = ""
    for (word,) in struct.iter_unpack(">I", data + b"\0" * (-len(data) % 4)):
        text += "".join(letters[word // 85**place % 85] for place in (4, 3, 2, 1, 0))
    return text


def deletion_vector(rows):
    """Row numbers below 65,536 as a 64-bit Roaring bitmap of one array container, in the table's log itself."""
    bitmap = struct.pack("<IIHHI", 12346, 1, 0, len(rows) - 1, 16) + struct.pack(f"<{len(rows)}H", *rows)
    data = struct.pack("<IQI", 1681511377, 1, 0) + bitmap
    return {"storageType": "i", "pathOrInlineDv": z85(data), "sizeInBytes": len(data), "cardinality": len(rows)}


path = os.path.join(folder, "vectors")
write_deltalake(path, table(id=(NUMBER, [0, 1, 2, 3, 4, 5]), name=(TEXT, list("abcdef"))))
add = only(actions(path, 0), "add")
remove = {"path": add["path"], "deletionTimestamp": add["modificationTime"], "dataChange": True}
commit(path, 1, [protocol("deletionVectors"), {"remove": remove}, {"add": add | {"deletionVector": deletion_vector([0, 2, 4])}}])

path = os.path.join(folder, "mapped")
write_deltalake(path, table(id=(NUMBER, [1, 2]), name=(TEXT, ["x", "y"])))
metadata = only(actions(path, 0), "metaData")
schema = json.loads(metadata["schemaString"])
for number, field in enumerate(schema["fields"], 1):
    field["metadata"] = {"delta.columnMapping.id": number, "delta.columnMapping.physicalName": field["name"]}
    field["name"] = "new " + field["name"]
metadata["schemaString"] = json.dumps(schema)
metadata["configuration"] = {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "2"}
commit(path, 1, [protocol("columnMapping"), {"metaData": metadata}])

path = os.path.join(folder, "future")
write_deltalake(path, table(id=(NUMBER, [1])))
commit(path, 1, [protocol("perennialOnly")])
