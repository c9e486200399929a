// Uploads: every file is looked at before it is sent; two go at a time, straight to where storage takes them.

const form = document.getElementById("upload");
const input = form.elements.content;
const rows = document.getElementById("rows");
const publish = document.getElementById("publish");
const summary = document.getElementById("summary");
const shape = document.getElementById("row");
const largestForm = Number(form.dataset.largestForm);
const largestDigested = Number(form.dataset.largestDigested);
const AT_ONCE = 2;
const GONE = "The index cannot be reached. Check the connection, then retry.";
// Without it files are sent all the same, and the index finds what is wrong with them.
const reading = import(form.dataset.wheel).catch(() => ({ inspect: async () => ({}) }));

const uploads = [];
let token = form.elements.csrfmiddlewaretoken.value;

// What the index, or storage, said no with; a sentence for whoever looks at the page.
class Refusal extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

// The index's own no to what was sent: the same bytes get it again, unless it is about what may change meanwhile.
class Answer extends Refusal {
  get isFinal() {
    return this.status >= 400 && this.status < 500 && ![401, 403, 408, 409, 429].includes(this.status);
  }
}

const sized = (count) => {
  let value = count, unit = 0;
  while (value >= 999.5 && unit < 4) [value, unit] = [value / 1000, unit + 1];
  const number = value.toFixed(unit === 0 || value >= 99.95 ? 0 : 1).replace(/\.0$/, "");
  return `${number} ${unit === 0 && count === 1 ? "byte" : ["bytes", "kB", "MB", "GB", "TB"][unit]}`;
};

// What an answer of ours says, whatever shape it has.
const sentenceOf = (status, text) => {
  try {
    const { message } = JSON.parse(text);
    if (message) return message;
  } catch { /* Not JSON: of a proxy, or of storage. */ }
  if (status === 413) return "This file is too large for the way it was sent. Send it by 'twine upload-direct'.";
  return `The answer was ${status}, which the index did not explain. Retry in a moment.`;
};

const ask = async (address, options) => {
  let response;
  try {
    response = await fetch(address, { ...options, headers: { Accept: "application/json", ...options.headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(GONE);
  }
  const text = await response.text();
  if (!response.ok) throw new Answer(sentenceOf(response.status, text), response.status);
  return { status: response.status, json: () => JSON.parse(text) };
};

// A request whose progress can be seen, which fetch does not show.
const transfer = (upload, method, address, headers, body) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.open(method, address);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.addEventListener("progress", (event) => progress(upload, event.loaded / event.total));
  request.upload.addEventListener("load", () => tell(upload, "Publishing"));
  request.addEventListener("load", () => resolve({ status: request.status, text: request.responseText }));
  request.addEventListener("error", () => reject(new Refusal(GONE)));
  request.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
  upload.abort.signal.addEventListener("abort", () => request.abort());
  upload.abort.signal.throwIfAborted();
  request.send(body);
});

// How things stand with an upload, on the page.

const BADGES = { Ready: "", Published: "good", Refused: "bad", Failed: "bad", Cancelled: "warn" };
const isOver = (upload) => ["Published", "Refused", "Failed", "Cancelled"].includes(upload.state);
const isGoing = (upload) => ["Sending", "Publishing", "Waiting", "Reading"].includes(upload.state);

const progress = (upload, share) => {
  const bar = upload.parts.sending.querySelector("progress");
  if (share === null) bar.removeAttribute("value"); else bar.value = share;
  upload.parts.sent.textContent = share === null ? "" : `${sized(share * upload.file.size)} of ${sized(upload.file.size)}`;
};

const tell = (upload, state, sentence = "") => {
  upload.state = state;
  const { parts } = upload;
  parts.state.textContent = state;
  parts.state.className = `badge ${BADGES[state] ?? ""}`;
  parts.sentence.textContent = sentence;
  parts.sending.hidden = !["Reading", "Sending", "Publishing"].includes(state);
  if (state === "Reading" || state === "Publishing") progress(upload, null);
  if (state === "Sending") progress(upload, 0);
  parts.page.hidden = state !== "Published";
  let act = { Waiting: "Cancel", Reading: "Cancel", Sending: "Cancel" }[state];
  // Of a file that is wrong in itself, there is no more to be said.
  if (isOver(upload) && state !== "Published" && !upload.hopeless) act = upload.wanted ? "Retry" : "Check again";
  const focused = document.activeElement === parts.act;
  parts.act.hidden = !act;
  name(parts.act, act ?? "", upload);
  parts.remove.hidden = isGoing(upload);
  if (focused && !act) (parts.page.hidden ? parts.remove : parts.page).focus();
  total();
};

// A button's word, and for those who do not see the row whose it is.
const name = (button, word, upload) => {
  const unseen = document.createElement("span");
  unseen.className = "unseen";
  unseen.textContent = ` (${upload.file.name})`;
  button.replaceChildren(word, unseen);
};

const total = () => {
  document.getElementById("chosen").hidden = uploads.length === 0;
  const count = (...states) => uploads.filter((upload) => states.includes(upload.state)).length;
  const ready = count("Ready"), done = count("Published"), refused = count("Refused"), failed = count("Failed");
  const cancelled = count("Cancelled");
  publish.disabled = ready === 0;
  publish.textContent = ready === 0 ? "Publish" : `Publish ${ready} file${ready === 1 ? "" : "s"}`;
  const counts = done ? [[done, `of ${uploads.length} published`], [refused + failed, "not"]] : [[refused, "refused"], [failed, "failed"]];
  const said = [...counts, [cancelled, "cancelled"]].filter(([number]) => number).map((words) => words.join(" "));
  summary.textContent = said.length && !uploads.some(isGoing) ? `${said.join(", ")}.` : "";
};

// Before it is sent: what the index says of it.

const look = async (upload, sha256 = "") => {
  tell(upload, "Checking");
  const { name: project, version } = upload.said;
  const query = new URLSearchParams({ filename: upload.file.name, size: upload.file.size, sha256, ...upload.said });
  const found = (await ask(`${form.dataset.check}?${query}`, { signal: upload.abort.signal })).json();
  upload.found = found;
  upload.hopeless = !found.project;
  const { parts } = upload;
  parts.what.textContent = found.project ? `${project ?? found.project} ${version ?? found.version} · ${found.what} · ` : "";
  if (found.address) parts.page.href = found.address;
  if (found.problem) throw new Refusal(found.problem, 400);
  if (!directly(upload) && upload.file.size > largestForm) {
    const why = crypto.subtle ? `A browser sends no more than ${sized(largestDigested)} to this index.`
      : `Without TLS a browser sends no more than ${sized(largestForm)} to this index.`;
    throw new Refusal(`${why} Send this file by 'twine upload-direct'.`, 413);
  }
  if (found.ask_again && !sha256 && canDigest(upload)) await look(upload, await digest(upload));
};

const check = async (upload) => {
  upload.abort = new AbortController();
  upload.hopeless = false;
  upload.sha256 = "";
  tell(upload, "Checking");
  try {
    const { inspect } = await reading;
    const { problem, ...said } = await inspect(upload.file);
    upload.said = said;
    upload.hopeless = Boolean(problem);
    if (problem) throw new Refusal(problem, 400);
    await look(upload);
    tell(upload, "Ready", upload.found.news ? `${upload.found.news}.` : "");
  } catch (error) {
    failed(upload, error);
  }
};

const failed = (upload, error) => {
  if (error.isFinal) upload.hopeless = true;
  if (error.name === "AbortError") tell(upload, "Cancelled");
  else if (error instanceof Refusal) {
    tell(upload, [400, 403, 409, 413].includes(error.status) ? "Refused" : "Failed", error.message);
  } else if (error.name === "NotReadableError" || error.name === "NotFoundError") {
    tell(upload, "Failed", "This file cannot be read any more. Take it off the list and choose it again.");
  } else {
    tell(upload, "Failed", "The browser made a mistake with this file. Load the page again.");
    console.error(error);
  }
};

// To send one file.

const canDigest = (upload) => Boolean(crypto.subtle) && upload.file.size <= largestDigested;
const directly = (upload) => canDigest(upload) && (upload.found.certain || upload.file.size > largestForm);

// One after the other: each is in memory while it is digested.
let digesting = Promise.resolve();

const digest = (upload) => {
  const wanted = digesting.then(async () => {
    upload.abort.signal.throwIfAborted();
    tell(upload, "Reading");
    const found = await crypto.subtle.digest("SHA-256", await upload.file.arrayBuffer());
    upload.abort.signal.throwIfAborted();
    upload.sha256 = [...new Uint8Array(found)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return upload.sha256;
  });
  digesting = wanted.catch(() => {});
  return wanted;
};

const announcement = (upload, sha256) => {
  const fields = new FormData();
  const { project, version, filetype } = upload.found;
  const said = { name: project, version, filetype, filename: upload.file.name, size: upload.file.size, sha256_digest: sha256 };
  for (const [field, value] of Object.entries(said)) fields.append(field, value);
  return fields;
};

const post = (upload, address, fields) =>
  ask(address, { method: "POST", body: fields, headers: { "X-CSRFToken": token }, signal: upload.abort.signal });

const sendDirectly = async (upload) => {
  const fields = announcement(upload, upload.sha256 || await digest(upload));
  const reserved = await post(upload, form.dataset.reserve, fields);
  if (reserved.status === 200) return;
  const { upload_url: address, upload_headers: headers } = reserved.json();
  if (address) {
    tell(upload, "Sending");
    const type = { "Content-Type": "application/octet-stream", Accept: "application/json" };
    const { status, text } = await transfer(upload, "PUT", address, { ...type, ...headers }, upload.file);
    // 412: an earlier try has put it there.
    if (status !== 412 && (status < 200 || status > 299)) throw new Refusal(sentenceOf(status, text), status);
  }
  tell(upload, "Publishing");
  await post(upload, form.dataset.finalize, fields);
};

const sendForm = async (upload) => {
  tell(upload, "Sending");
  const fields = new FormData();
  fields.append("content", upload.file, upload.file.name);
  const headers = { Accept: "application/json", "X-CSRFToken": token };
  const { status, text } = await transfer(upload, "POST", form.action, headers, fields);
  if (status !== 200) throw new Answer(sentenceOf(status, text), status);
  [upload.parts.page.href] = JSON.parse(text).addresses;
};

const send = async (upload) => {
  try {
    if (directly(upload)) {
      try {
        await sendDirectly(upload);
      } catch (error) {
        // Storage cannot be reached from here, or does not know this page.
        if (error.message !== GONE || upload.state !== "Sending" || upload.file.size > largestForm) throw error;
        await sendForm(upload);
      }
    } else {
      await sendForm(upload);
    }
    tell(upload, "Published");
  } catch (error) {
    failed(upload, error);
  }
};

let going = 0;

const goOn = () => {
  while (going < AT_ONCE) {
    const next = uploads.find((upload) => upload.state === "Waiting");
    if (!next) return;
    going += 1;
    tell(next, "Reading");
    send(next).finally(() => { going -= 1; goOn(); });
  }
};

// The token of a page that was opened before somebody logged in again is worth nothing.
const renewToken = async () => {
  const response = await fetch(form.action, { headers: { Accept: "text/html" } }).catch(() => null);
  const there = response?.ok && new DOMParser().parseFromString(await response.text(), "text/html");
  const field = there && there.querySelector("#upload input[name=csrfmiddlewaretoken]");
  if (field) token = field.value;
};

const act = async (upload) => {
  if (!isOver(upload)) {
    upload.abort.abort();
    if (upload.state === "Waiting") tell(upload, "Cancelled");
    return;
  }
  tell(upload, "Checking");
  await renewToken();
  await check(upload);
  if (upload.state === "Ready" && upload.wanted) start([upload]);
};

const start = (chosen) => {
  for (const upload of chosen) {
    upload.wanted = true;
    tell(upload, "Waiting");
  }
  goOn();
};

const remove = (upload) => {
  const next = upload.row.nextElementSibling ?? upload.row.previousElementSibling;
  upload.abort.abort();
  uploads.splice(uploads.indexOf(upload), 1);
  upload.row.remove();
  (next?.querySelector("button:not([hidden])") ?? input).focus();
  total();
};

// Choosing.

const add = async (files) => {
  const added = [];
  for (const file of files) {
    const twice = (other) => other.file.name === file.name && other.file.size === file.size && !isOver(other);
    if (uploads.some(twice)) continue;
    const row = shape.content.firstElementChild.cloneNode(true);
    const parts = {};
    for (const part of row.querySelectorAll("[data-part]")) parts[part.dataset.part] = part;
    const upload = { file, row, parts, abort: new AbortController() };
    parts.name.textContent = file.name;
    parts.size.textContent = sized(file.size);
    parts.sending.querySelector("progress").setAttribute("aria-label", `Progress of ${file.name}`);
    parts.page.querySelector(".unseen").textContent = ` of ${file.name}`;
    parts.remove.querySelector(".unseen").textContent = ` (${file.name})`;
    parts.act.addEventListener("click", () => act(upload));
    parts.remove.addEventListener("click", () => remove(upload));
    rows.append(row);
    uploads.push(upload);
    added.push(upload);
    tell(upload, "Checking");
  }
  // Some at a time: a folder may hold hundreds.
  const lookers = Array.from({ length: 4 }, async () => {
    for (let next = added.shift(); next; next = added.shift()) if (uploads.includes(next)) await check(next);
  });
  await Promise.all(lookers);
};

const drop = form.querySelector(".drop");
for (const part of form.querySelectorAll("[data-script]")) part.hidden = false;
for (const part of form.querySelectorAll("[data-plain]")) part.hidden = true;
// The files are in the list, not in the field; the form itself is not sent.
input.required = false;
document.getElementById("field").className = "unseen";
total();

input.addEventListener("change", () => {
  const files = [...input.files];
  input.value = "";
  add(files);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  start(uploads.filter((upload) => upload.state === "Ready"));
});
// Anywhere on the page: a browser would open what is dropped beside the field.
addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  add([...event.dataTransfer.files]);
});
addEventListener("beforeunload", (event) => { if (uploads.some(isGoing)) event.preventDefault(); });
