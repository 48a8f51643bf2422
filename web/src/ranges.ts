/* Parts of files on a web space. A server that does not know ranges sends the whole file, which is cut here. */

const whole = new Map<string, Promise<ArrayBuffer>>();

export async function sizeOf(url: string): Promise<number> {
  const answer = await fetch(url, { method: "HEAD" });
  if (!answer.ok) throw new Error(`${url}: the server answers ${answer.status}`);
  return Number(answer.headers.get("content-length"));
}

export async function fetchRange(url: string, start: number, end: number): Promise<ArrayBuffer> {
  const kept = whole.get(url);
  if (kept) return (await kept).slice(start, end);
  const answer = await fetch(url, { headers: { Range: `bytes=${start}-${end - 1}` } });
  if (answer.status === 206) return await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${url}: the server answers ${answer.status}`);
  const all = answer.arrayBuffer();
  whole.set(url, all);
  return (await all).slice(start, end);
}
