"""The peer of the benchmark: an async, pooled proxy that does the same /chat.

FastAPI and httpx with one shared client, sessions in SQLite, a limit of
messages a minute, a streamed model with up to five rounds of tools, tool calls
to the same double, texts cut to their limits; the answer whole or, when it is
asked for, as it is written.  It keeps no journal and seals nothing.  uvicorn
runs two workers of it, with its usual log.
"""
import asyncio
import hmac
import json
import os
import sqlite3
import time
from collections import deque
from datetime import datetime, timezone

import httpx
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

MODEL = os.environ["PEER_MODEL"]
TOOLS = os.environ["PEER_TOOLS"]
SECRET = os.environ["PROXY_SECRET"]
PER_MINUTE = 1000000
HISTORY, INPUT, OUTPUT, ROUNDS = 20, 2000, 3000, 5
FAILED = "Something is wrong with the model. Please try again."
app = FastAPI()
client = None
tools = []
windows = {}
db = sqlite3.connect(os.environ["PEER_DB"], isolation_level=None)
db.execute("PRAGMA journal_mode=WAL")
db.execute("PRAGMA synchronous=NORMAL")
db.execute("PRAGMA busy_timeout=5000")
db.execute(
    "CREATE TABLE IF NOT EXISTS sessions(chat_id TEXT PRIMARY KEY,"
    " state TEXT NOT NULL, history TEXT NOT NULL, updated_at TEXT NOT NULL)"
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


def cut(text, limit):
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


def admit(chat_id):
    now = time.monotonic()
    window = windows.setdefault(chat_id, deque())
    while window and window[0] <= now - 60:
        window.popleft()
    if len(window) >= PER_MINUTE:
        raise HTTPException(429, "Too many messages")
    window.append(now)


def add_calls(calls, deltas):
    for d in deltas:
        while len(calls) <= d["index"]:
            calls.append(
                {
                    "id": "",
                    "type": "function",
                    "function": {"name": "", "arguments": ""},
                }
            )
        call, f = calls[d["index"]], d.get("function", {})
        call["id"] += d.get("id") or ""
        call["function"]["name"] += f.get("name") or ""
        call["function"]["arguments"] += f.get("arguments") or ""


async def ask(messages, with_tools, on_text):
    body = {
        "model": "m",
        "messages": messages,
        "temperature": 0.7,
        "max_tokens": 1000,
        "stream": True,
    }
    if with_tools and tools:
        body["tools"] = tools
        body["tool_choice"] = "auto"
    text, calls = "", []
    url = MODEL + "/chat/completions"
    async with client.stream("POST", url, json=body) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            data = line.strip()[6:]
            if not line.startswith("data: ") or data == "[DONE]":
                continue
            choices = json.loads(data)["choices"]
            if not choices:
                continue
            delta = choices[0]["delta"]
            if delta.get("content"):
                text += delta["content"]
                on_text(delta["content"])
            add_calls(calls, delta.get("tool_calls") or [])
    said = {"role": "assistant", "content": text}
    if calls:
        said["tool_calls"] = calls
    return said


async def call_tool(call):
    try:
        arguments = json.loads(call["function"]["arguments"])
    except ValueError:
        arguments = {}
    try:
        result = await client.post(
            TOOLS + "/mcp/tools/call",
            json={"tool": call["function"]["name"], "arguments": arguments},
            timeout=30,
        )
    except httpx.HTTPError as e:
        return {"error": "network_error", "message": str(e)}
    if result.status_code != 200:
        return {"error": f"http_{result.status_code}", "message": result.text}
    return {"result": result.json()}


async def answer_of(messages, on_text):
    for _ in range(ROUNDS):
        answer = await ask(messages, True, on_text)
        if not answer.get("tool_calls"):
            return answer["content"]
        messages.append(answer)
        for call in answer["tool_calls"]:
            messages.append(
                {
                    "role": "tool",
                    "tool_call_id": call["id"],
                    "content": json.dumps(await call_tool(call)),
                }
            )
    messages.append({"role": "user", "content": "Sum up what you found."})
    return (await ask(messages, False, on_text))["content"]


@app.post("/chat")
async def chat(
    m: Message,
    x_proxy_secret: str = Header(default=""),
    accept: str = Header(default=""),
):
    if not hmac.compare_digest(x_proxy_secret.encode(), SECRET.encode()):
        raise HTTPException(401, "Invalid or missing X-Proxy-Secret header")
    if not m.chat_id or not m.message:
        raise HTTPException(400, "chat_id and message are required")
    admit(m.chat_id)
    if "text/event-stream" not in accept:
        return await converse(m, lambda text: None)
    return StreamingResponse(events(m), media_type="text/event-stream")


async def events(m):
    pieces = asyncio.Queue()
    turn = asyncio.create_task(converse(m, pieces.put_nowait))
    turn.add_done_callback(lambda _: pieces.put_nowait(None))
    while (piece := await pieces.get()) is not None:
        yield f"event: delta\ndata: {json.dumps({'text': piece})}\n\n"
    yield f"event: reply\ndata: {json.dumps(turn.result())}\n\n"


async def converse(m, on_text):
    text = cut(m.message.strip(), INPUT)
    row = db.execute(
        "SELECT state, history FROM sessions WHERE chat_id = ?", (m.chat_id,)
    ).fetchone()
    history = json.loads(row[1]) if row else []
    said = {"role": "user", "content": text}
    system = {"role": "system", "content": "You are helpful."}
    try:
        reply = await answer_of(
            [system] + history[-HISTORY:] + [said], on_text
        )
    except (httpx.HTTPError, KeyError, ValueError):
        return {"reply": FAILED, "state": "active", "starters": []}
    reply = cut(reply, OUTPUT)
    history = history[-HISTORY:] + [
        said,
        {"role": "assistant", "content": reply},
    ]
    db.execute(
        "INSERT INTO sessions VALUES (?, 'active', ?, ?) ON CONFLICT(chat_id) "
        "DO UPDATE SET state = excluded.state, history = excluded.history, "
        "updated_at = excluded.updated_at",
        (
            m.chat_id,
            json.dumps(history),
            datetime.now(timezone.utc).isoformat(),
        ),
    )
    return {"reply": reply, "state": "active", "starters": []}
