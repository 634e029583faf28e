"""The batch path as pandas and SQLAlchemy do it: staged as text, judged, written to keyed tables, read back to files.

Words: the folder with the four CSV files, a folder for what comes out, the URL of a PostgreSQL database. Prints seconds.
"""

import sys
import time

import pandas as pd
import sqlalchemy as sa

folder, target, url = sys.argv[1:4]
engine = sa.create_engine(url.replace("postgres://", "postgresql+psycopg2://"))
keys = {"customers": "customer_id", "products": "product_id", "transactions": "transaction_id", "transaction_items": "item_id"}
numbers = {
    "products": ["price", "cost", "stock_quantity"],
    "transactions": ["total_amount"],
    "transaction_items": ["quantity", "unit_price", "discount_percentage", "line_total"],
}
dates = {"customers": ["registration_date"], "transactions": ["transaction_date", "updated_at"]}
parents = {"transactions": ["customers"], "transaction_items": ["transactions", "products"]}


def write(frame, table, schema, connection):
    frame.to_sql(table, connection, schema=schema, if_exists="append", index=False, chunksize=1000, method="multi")


start = time.perf_counter()
with engine.begin() as connection:
    for schema in ("peer_staging", "peer"):
        connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
        connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
    clean = {}
    for table, key in keys.items():
        received = pd.read_csv(f"{folder}/{table}.csv", dtype=str)
        write(received, table, "peer_staging", connection)
        rows = received.apply(lambda column: column.str.strip()).drop_duplicates(subset=[key], keep="last")
        for column in numbers.get(table, []):
            rows[column] = pd.to_numeric(rows[column], errors="coerce")
        for column in dates.get(table, []):
            rows[column] = pd.to_datetime(rows[column], errors="coerce")
        good = rows[key].notna()
        for column in numbers.get(table, []) + dates.get(table, [])[:1]:
            good &= rows[column].notna()
        for parent in parents.get(table, []):
            good &= rows[keys[parent]].isin(clean[parent][keys[parent]])
        if table == "transaction_items":
            value = rows["quantity"] * rows["unit_price"] * (1 - rows["discount_percentage"] / 100)
            good &= (rows["line_total"] - value).abs() <= 0.0151
        clean[table] = rows[good]
        write(clean[table], table, "peer", connection)
        connection.execute(sa.text(f"ALTER TABLE peer.{table} ADD PRIMARY KEY ({key})"))
with engine.connect() as connection:
    for table in keys:
        pd.read_sql(sa.text(f"SELECT * FROM peer.{table}"), connection).to_csv(f"{target}/{table}.csv", index=False)
print(time.perf_counter() - start)
