"""A cache of parsed values in Redis behind FastAPI: the design many dashboards start with.

The synchronous client is asked from an async handler, the stored JSON is parsed, and FastAPI writes it again. Nothing here
can make an answer: what is not in Redis is a 503, so that no miss is counted as a hit.
"""

import json
import os
from functools import wraps
from typing import Any, Optional

from fastapi import FastAPI, HTTPException
from redis import Redis


class RedisCache:
    def __init__(self, url: str, prefix: str) -> None:
        self.prefix = prefix
        self.client = Redis.from_url(url, decode_responses=True, socket_connect_timeout=5)

    async def get(self, key: str) -> Optional[Any]:
        text = self.client.get(self.prefix + key)
        return None if text is None else json.loads(text)

    async def set(self, key: str, value: Any, ttl: int) -> None:
        self.client.setex(self.prefix + key, ttl, json.dumps(value, ensure_ascii=False))

    def kept(self, template: str, ttl: int):
        def decorate(load):
            @wraps(load)
            async def answer(**parameters):
                key = template.format(**parameters)
                value = await self.get(key)
                if value is None:
                    value = await load(**parameters)
                    await self.set(key, value, ttl)
                return value

            return answer

        return decorate


cache = RedisCache(os.environ["BENCH_REDIS_URL"], "bench:")
app = FastAPI()


@app.get("/api/overview/hot-stocks")
@cache.kept("/api/overview/hot-stocks?date={date}&limit={limit}", ttl=300)
async def hot_stocks(date: str, limit: int = 10):
    raise HTTPException(503, "not in Redis")
