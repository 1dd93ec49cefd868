"""Apps as an AUTOMATIC1111 server, `/sdapi/v1` below /lectern, for the tools that speak to such servers."""
