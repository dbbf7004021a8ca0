// A line to a gateway that breaks: a TCP proxy that cuts what is streamed after so many frames, whatever speaks over it. A frame
// is one of server-sent events (comments too), or of a WebSocket. What is not streamed passes, or its answer is lost.
import net from "node:net";

export class Cutter {
  // How many frames of the stream that begins may pass, by how many there were before.
  limit = () => Infinity;
  streams = 0;
  losing = 0; // So many of the next 202 are lost: the event is stored, and its client does not know.

  static async before(base) {
    const cutter = new Cutter();
    const { hostname, port } = new URL(base);
    cutter.server = net.createServer((client) => cutter.#forward(client, net.connect(Number(port), hostname), `${hostname}:${port}`));
    await new Promise((resolve) => cutter.server.listen(0, "127.0.0.1", resolve));
    cutter.base = `http://127.0.0.1:${cutter.server.address().port}`;
    return cutter;
  }

  #forward(client, server, host) {
    let rest = Buffer.alloc(0);
    let part = "head"; // Of what the server sends: head, body, events, socket.
    let bodyLeft = 0;
    let framesLeft = Infinity;
    const end = () => (client.destroy(), server.destroy());
    client.on("error", end).on("close", end);
    server.on("error", end).on("end", () => client.end(rest));
    // A gateway in demo mode answers to its own address only.
    client.on("data", (bytes) => server.write(Buffer.from(bytes.toString("latin1").replace(/^(host: )127\.0\.0\.1:\d+/im, `$1${host}`), "latin1")));

    const onHead = (head) => {
      if (head.startsWith("http/1.1 202") && this.losing > 0) {
        --this.losing;
        return end();
      }
      const length = /\r\ncontent-length: (\d+)/.exec(head);
      if (head.startsWith("http/1.1 101")) part = "socket";
      else if (!length && head.includes("\r\ncontent-type: text/event-stream")) part = "events";
      else if (length && Number(length[1]) > 0) [part, bodyLeft] = ["body", Number(length[1])];
      if (part === "socket" || part === "events") framesLeft = this.limit(this.streams++);
    };
    // How many bytes of `rest` go on next; 0: more are to come first.
    const next = () => {
      if (part === "head") {
        const size = rest.indexOf("\r\n\r\n") + 4;
        if (size >= 4) onHead(rest.toString("latin1", 0, size).toLowerCase());
        return size < 4 ? 0 : size;
      }
      if (part === "body") {
        const size = Math.min(bodyLeft, rest.length);
        if ((bodyLeft -= size) === 0) part = "head";
        return size;
      }
      const size = part === "events" ? rest.indexOf("\n\n") + 2 : sizeOfFrame(rest);
      if (size < 2 || size > rest.length) return 0;
      --framesLeft;
      return size;
    };
    server.on("data", (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let size; !client.destroyed && framesLeft > 0 && (size = next()) > 0; rest = rest.subarray(size)) client.write(rest.subarray(0, size));
      if (framesLeft > 0 || client.destroyed) return;
      rest = Buffer.alloc(0);
      client.end(); // After what was written.
      server.destroy();
    });
  }
}

// Of a server's frame, which has no mask. 0: not known yet.
function sizeOfFrame(bytes) {
  if (bytes.length < 2) return 0;
  const size = bytes[1] & 0x7f;
  if (size < 126) return 2 + size;
  if (size === 126) return bytes.length < 4 ? 0 : 4 + bytes.readUInt16BE(2);
  return bytes.length < 10 ? 0 : 10 + Number(bytes.readBigUInt64BE(2));
}
