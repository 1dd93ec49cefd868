"""OpenAI's Images API in front of the apps, at `/lectern/openai/v1`."""
