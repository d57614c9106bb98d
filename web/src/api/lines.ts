// Cuts a byte stream into lines, whatever pieces it comes in.
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      let from = 0;
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
        const line = rest.slice(from, end).replace(/\r$/, '');
        from = end + 1;
        yield line;
      }
      rest = rest.slice(from);
      if (done) break;
    }
    if (rest !== '') yield rest;
  } finally {
    // Also when the caller breaks off: hangs up, and the server cancels.
    void reader.cancel().catch(() => {});
  }
}
