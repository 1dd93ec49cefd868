"""Apps as an AUTOMATIC1111 server: `/sdapi/v1` below the pack's own prefix, for the tools that speak to such servers."""
