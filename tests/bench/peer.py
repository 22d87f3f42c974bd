"""The peer of the benchmark: an async, pooled proxy that does the same /chat.

FastAPI and httpx with one shared client, sessions in SQLite, a model with one
tool loop, tool calls to the same double.  uvicorn runs two workers of it.
"""
import json
import os
import sqlite3

import httpx
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel

MODEL = os.environ["PEER_MODEL"]
TOOLS = os.environ["PEER_TOOLS"]
SECRET = os.environ["PROXY_SECRET"]
app = FastAPI()
client = None
tools = []
db = sqlite3.connect(os.environ["PEER_DB"], isolation_level=None)
db.execute("PRAGMA journal_mode=WAL")
db.execute("PRAGMA synchronous=NORMAL")
db.execute("PRAGMA busy_timeout=5000")
db.execute(
    "CREATE TABLE IF NOT EXISTS sessions"
    "(chat_id TEXT PRIMARY KEY, history TEXT NOT NULL)"
)


class Message(BaseModel):
    chat_id: str
    message: str


@app.on_event("startup")
async def start():
    global client, tools
    limits = httpx.Limits(max_connections=2000, max_keepalive_connections=500)
    client = httpx.AsyncClient(limits=limits, timeout=60)
    found = (await client.get(TOOLS + "/mcp/tools")).json()["data"]["tools"]
    tools = [
        {
            "type": "function",
            "function": {
                "name": t["name"],
                "description": t["description"],
                "parameters": t["inputSchema"],
            },
        }
        for t in found
    ]


@app.get("/health")
async def health():
    return {"status": "ok"}


async def ask(messages, with_tools):
    body = {"model": "m", "messages": messages, "max_tokens": 1000}
    if with_tools:
        body["tools"] = tools
    answer = await client.post(MODEL + "/chat/completions", json=body)
    answer.raise_for_status()
    return answer.json()["choices"][0]["message"]


@app.post("/chat")
async def chat(m: Message, x_proxy_secret: str = Header(default="")):
    if x_proxy_secret != SECRET:
        raise HTTPException(401, "Invalid or missing X-Proxy-Secret header")
    row = db.execute(
        "SELECT history FROM sessions WHERE chat_id = ?", (m.chat_id,)
    ).fetchone()
    history = json.loads(row[0]) if row else []
    messages = [{"role": "system", "content": "You are helpful."}]
    messages += history + [{"role": "user", "content": m.message}]
    for _ in range(5):
        answer = await ask(messages, True)
        if not answer.get("tool_calls"):
            break
        messages.append(answer)
        for call in answer["tool_calls"]:
            result = await client.post(
                TOOLS + "/mcp/tools/call",
                json={
                    "tool": call["function"]["name"],
                    "arguments": json.loads(call["function"]["arguments"]),
                },
            )
            messages.append(
                {
                    "role": "tool",
                    "tool_call_id": call["id"],
                    "content": json.dumps({"result": result.json()}),
                }
            )
    history = history[-18:] + [
        {"role": "user", "content": m.message},
        {"role": "assistant", "content": answer["content"]},
    ]
    db.execute(
        "INSERT INTO sessions VALUES (?, ?) ON CONFLICT(chat_id) "
        "DO UPDATE SET history = excluded.history",
        (m.chat_id, json.dumps(history)),
    )
    return {"reply": answer["content"], "state": "active", "starters": []}
