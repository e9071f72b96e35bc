"""The tables of the quota. Their migrations are made with the others, in the store."""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text

quota_metadata = MetaData()

quota = Table(
    "quota",
    quota_metadata,
    Column("bucket", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
"""One row a bucket: `state` is `bucket.Bucket` as JSON, read and written whole. Beside Redis, its hold alone."""

breakers = Table(
    "breakers",
    quota_metadata,
    Column("api", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
"""One row an API: `state` is `breaker.Breaker` as JSON, read and written whole."""

quota_marks = Table(
    "quota_marks",
    quota_metadata,
    Column("bucket", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("upto", BigInteger, nullable=False),
)
"""For counts kept in Redis: no more than `upto` calls have been charged to the civil hour (`bucket.HourCount`)."""
