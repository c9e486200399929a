// What a distribution file says of itself, before it is sent: its first bytes, and of a wheel name and version in METADATA.
// The bytes are whoever's: nothing is read or counted but within them. Where nothing can be told, nothing is said.

// Of one file, and of what comes out of it.
const MOST = 1_000_000;
const LONGEST_VALUE = 200;
const GZIP = { bytes: [0x1f, 0x8b], said: "not gzipped" };
const ZIP = { bytes: [0x50, 0x4b, 0x03, 0x04], said: "no ZIP archive" };
const KINDS = { ".whl": ["wheel", ZIP], ".zip": ["sdist", ZIP], ".tar.gz": ["sdist", GZIP] };
// A ZIP's end: what it must have, and the comment that may come after it.
const END = 0x06054b50, END_SIZE = 22, LONGEST_COMMENT = 65_536;
const ENTRY = 0x02014b50, ENTRY_SIZE = 46;
const MEMBER = 0x04034b50, MEMBER_SIZE = 30;
const STORED = 0, DEFLATED = 8, ENCRYPTED = 1;

const view = async (file, start, end) => new DataView(await file.slice(start, end).arrayBuffer());
const textOf = (bytes, start, size) => new TextDecoder().decode(new Uint8Array(bytes.buffer, start, size));

// Gives {problem}, or what METADATA says as {name, version}, or {}. Raises what the browser does if the file cannot be read.
export const inspect = async (file) => {
  const extension = Object.keys(KINDS).find((each) => file.name.endsWith(each));
  // The index says what it thinks of other names, and of files without bytes.
  if (!extension || file.size === 0) return {};
  const [kind, format] = KINDS[extension];
  const first = await view(file, 0, Math.min(file.size, format.bytes.length));
  const fits = format.bytes.every((byte, place) => place < first.byteLength && first.getUint8(place) === byte);
  if (!fits) return { problem: `This is no ${kind}: it is ${format.said}, whatever its name says.` };
  if (format !== ZIP) return {};
  const tail = await view(file, Math.max(0, file.size - END_SIZE - LONGEST_COMMENT), file.size);
  const end = endOf(tail);
  if (end === null) return { problem: `This ${kind} is damaged: its end is missing. Build or fetch it again.` };
  if (kind !== "wheel") return {};
  try {
    const metadata = await metadataOf(file, file.size - tail.byteLength, tail, end);
    return metadata === null ? {} : identityIn(metadata);
  } catch {
    return {};
  }
};

// Where the record of a ZIP's end begins; the last one counts.
const endOf = (tail) => {
  for (let place = tail.byteLength - END_SIZE; place >= 0; place -= 1) if (tail.getUint32(place, true) === END) return place;
  return null;
};

// The beginning of METADATA, or null.
const metadataOf = async (file, tailStart, tail, end) => {
  const size = tail.getUint32(end + 12, true), offset = tail.getUint32(end + 16, true);
  const budget = MOST - tail.byteLength - ZIP.bytes.length;
  const start = tailStart + end - size;
  // Offsets count from where the archive begins, which need not be where the file does.
  const shift = start - offset;
  if (size > budget || start < 0 || shift < 0) return null;
  const entry = entryIn(await view(file, start, start + size));
  if (entry === null || entry.size > budget - size - MEMBER_SIZE) return null;
  const place = shift + entry.offset;
  if (place + MEMBER_SIZE > start) return null;
  const member = await view(file, place, place + MEMBER_SIZE);
  if (member.getUint32(0, true) !== MEMBER) return null;
  const content = place + MEMBER_SIZE + member.getUint16(26, true) + member.getUint16(28, true);
  if (content + entry.size > start) return null;
  const bytes = file.slice(content, content + entry.size);
  return entry.method === STORED ? bytes.text() : inflated(bytes);
};

// Where a directory says that METADATA is; null unless there is exactly one that can be read.
const entryIn = (directory) => {
  let found = null;
  for (let place = 0; place + ENTRY_SIZE <= directory.byteLength;) {
    if (directory.getUint32(place, true) !== ENTRY) return null;
    const length = directory.getUint16(place + 28, true);
    const next = place + ENTRY_SIZE + length + directory.getUint16(place + 30, true) + directory.getUint16(place + 32, true);
    if (next > directory.byteLength) return null;
    if (/^[^/]+\.dist-info\/METADATA$/.test(textOf(directory, place + ENTRY_SIZE, length))) {
      if (found) return null;
      const method = directory.getUint16(place + 10, true);
      const isReadable = [STORED, DEFLATED].includes(method) && !(directory.getUint16(place + 8, true) & ENCRYPTED);
      if (!isReadable) return null;
      found = { method, size: directory.getUint32(place + 20, true), offset: directory.getUint32(place + 42, true) };
    }
    place = next;
  }
  return found;
};

const inflated = async (bytes) => {
  // Raises in browsers that know no raw deflate.
  const reader = bytes.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < MOST) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
};

// Name and version in the headers, up to the first line that is none; {} unless each is there once.
const identityIn = (metadata) => {
  const found = new Map([["name", []], ["version", []]]);
  for (const line of metadata.slice(0, MOST).split(/\r\n|\r|\n/)) {
    if (/^[ \t]/.test(line)) continue;
    const header = /^([!-9;-~]+):(.*)$/.exec(line);
    if (!header) break;
    found.get(header[1].toLowerCase())?.push(header[2].trim());
  }
  const [name, version] = [...found.values()].map((values) => (values.length === 1 ? values[0] : ""));
  return name && version && Math.max(name.length, version.length) <= LONGEST_VALUE ? { name, version } : {};
};
