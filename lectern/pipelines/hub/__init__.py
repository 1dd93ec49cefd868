"""Pipelines from a Hugging Face hub into models/diffusers, over aiohttp of our own.

Why not huggingface_hub, which is installed anyway (2.4.0 was read): `_download_to_tmp_and_move` gives every attempt a
file of its own and deletes it in the end, so nothing of 10 GB is left to go on with after Cancel or a crash; content is
compared by size alone, never by its sha256; its HTTP client, shared by the whole process, follows redirects to any
host, and files in Xet storage go through hf_xet, which has a client of its own that no list of hosts can bind; a
download runs in a thread that can be stopped only where it reports progress, not while it waits; and HF_HOME's cache,
HF_TOKEN and HF_HUB_OFFLINE have their say in it, too. What is left for us is small: two questions to the API, and files
by HTTP.

The API as used here (https://huggingface.co/docs/hub/api): `GET /api/models/{id}/revision/{revision}` names the commit
(`sha`), `GET /api/models/{id}/tree/{commit}?recursive=true` its files with size and digest, page by page by the `Link`
header, `GET /{id}/resolve/{commit}/{path}` is a file, mostly by way of redirects to other hosts.
"""
