"""Chat models behind a server that speaks OpenAI's chat completions: Ollama, llama.cpp, vLLM, LM Studio, and others."""
