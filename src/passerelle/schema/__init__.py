"""The bodies of `/v1`, written by `web` and read by `client`.

Their docstrings are the descriptions of the OpenAPI document. What is not known is absent (`UNSET`), never null, except
where INTERFACE shows a null. Readers ignore keys that they do not know, and lists of names that will grow (series,
states) are read as plain text, so that an SDK outlives its gateway.
"""
