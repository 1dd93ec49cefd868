"""The HTTP surface under /lectern: reads requests, calls the services, words the answers."""
