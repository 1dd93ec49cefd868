"""The SD WebUI family: nodes that sample on AUTOMATIC1111-compatible servers. One file a node."""
