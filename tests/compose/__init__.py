"""The real containers: docker-compose, workers, Redis and Postgres of their own; minutes."""
