"""The table of the quota. Its migration is made with the others, in the store."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text

quota_metadata = MetaData()

quota = Table(
    "quota",
    quota_metadata,
    Column("bucket", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
"""One row a bucket: `state` is `bucket.Bucket` as JSON, read and written whole."""
