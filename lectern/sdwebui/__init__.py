"""AUTOMATIC1111-compatible servers (/sdapi/v1): request building, dialects, client."""
