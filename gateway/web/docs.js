// The forms of the reference: built from /openapi.json when an operation is opened.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) element.setAttribute(key, "");
      else if (value !== false && value != null) element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };
  const both = (zh, en) => {
    const span = make("span", { class: "en", lang: "en" }, en);
    return [zh + " ", span];
  };
  const newKey = () =>
    crypto.randomUUID ? crypto.randomUUID()
      : Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

  // The token stays in this tab and goes when the tab is closed.
  for (const id of ["token", "role", "lang"]) {
    const kept = sessionStorage.getItem("fivered." + id);
    if (kept) $(id).value = kept;
    $(id).addEventListener("change", () => sessionStorage.setItem("fivered." + id, $(id).value.trim()));
  }
  $("who").addEventListener("submit", (event) => event.preventDefault());

  let described = null;
  const description = () => (described ??= fetch("/openapi.json").then((answer) => answer.json()));

  const field = (form, id, label, attributes, value) => {
    const input = make("input", { id, autocomplete: "off", spellcheck: "false", ...attributes });
    input.value = value ?? "";
    form.append(make("div", { class: "row" }, make("label", { for: id }, label), input));
    return input;
  };

  const build = async (op) => {
    const holder = op.querySelector(".try");
    if (holder.childElementCount) return;
    const { path, verb } = op.dataset;
    const operation = (await description()).paths[path][verb.toLowerCase()];
    const form = make("form", { "aria-label": "试用 / Try " + verb + " " + path });
    form.append(make("h4", {}, ...both("试用", "Try it")));
    const inputs = [];
    const headers = new Set();
    for (const parameter of operation.parameters) {
      if (parameter.$ref) {
        headers.add(parameter.$ref.split("/").pop());
        continue;
      }
      const example = parameter.example ?? (parameter.required ? parameter.schema.examples?.[0] : "");
      inputs.push([parameter, field(form, op.id + "-" + parameter.name, parameter.name,
        { required: parameter.required }, example)]);
    }
    let key = null;
    let version = null;
    if (headers.has("IdempotencyKey")) {
      key = field(form, op.id + "-key", "Idempotency-Key", { required: true }, newKey());
      const again = make("button", { type: "button", class: "plain" }, "换一个新键 New key");
      again.addEventListener("click", () => { key.value = newKey(); });
      key.after(again);
    }
    if (headers.has("IfMatch")) {
      version = field(form, op.id + "-version", "If-Match", { required: true, placeholder: '"1"' }, "");
    }
    let body = null;
    const [kind, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
    if (kind) {
      const id = op.id + "-body";
      body = make("textarea", { id, spellcheck: "false", "data-kind": kind });
      body.value = content.example ? JSON.stringify(content.example, null, 2) : "";
      form.append(make("div", {}, make("label", { for: id }, ...both("请求正文", "Body")), body));
    }
    form.append(make("div", {}, make("button", {}, "发送 Send")));
    const answer = make("div", { class: "answer", role: "status" });
    form.append(answer);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await send({ op, verb, path, inputs, key, version, body, answer });
    });
    holder.append(form);
  };

  const send = async ({ verb, path, inputs, key, version, body, answer }) => {
    const query = new URLSearchParams();
    let url = path;
    for (const [parameter, input] of inputs) {
      const value = input.value.trim();
      if (parameter.in === "path") url = url.replace("{" + parameter.name + "}", encodeURIComponent(value));
      else if (value) query.append(parameter.name, value);
    }
    if (query.size) url += "?" + query;
    const headers = { "Accept-Language": $("lang").value };
    if ($("token").value.trim()) headers.Authorization = "Bearer " + $("token").value.trim();
    if ($("role").value.trim()) headers["X-Acting-Role"] = $("role").value.trim();
    if (key) headers["Idempotency-Key"] = key.value.trim();
    if (version) headers["If-Match"] = version.value.trim();
    if (body) headers["Content-Type"] = body.dataset.kind;
    answer.replaceChildren("…");
    const started = performance.now();
    try {
      const found = await fetch(url, { method: verb, headers, body: body ? body.value : undefined });
      const text = await found.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
      const told = ["etag", "location", "link", "retry-after", "traceparent"]
        .filter((name) => found.headers.has(name))
        .map((name) => name + ": " + found.headers.get(name));
      answer.replaceChildren(
        make("h5", { class: found.ok ? "good" : "bad" },
          verb + " " + url + " → " + found.status + " (" + Math.round(performance.now() - started) + " ms)"),
        make("pre", { tabindex: "0" }, told.join("\n")),
        make("pre", { tabindex: "0" }, shown));
    } catch (error) {
      answer.replaceChildren(make("h5", { class: "bad" }, "无法连接 No connection: " + error.message));
    }
  };

  const operations = [...document.querySelectorAll("details.op")];
  for (const op of operations) {
    op.addEventListener("toggle", () => { if (op.open) build(op); });
  }

  const filter = () => {
    const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const op of operations) {
      const text = (op.querySelector("summary").textContent + op.querySelector(".chips").textContent).toLowerCase();
      op.hidden = !words.every((word) => text.includes(word));
      if (!op.hidden) count += 1;
    }
    $("found").textContent = words.length ? count + " / " + operations.length : "";
  };
  $("filter").addEventListener("input", filter);

  const openNamed = () => {
    const op = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (op?.matches("details.op")) { op.open = true; op.scrollIntoView(); }
  };
  window.addEventListener("hashchange", openNamed);
  openNamed();
})();
