// Asks the browser for a passkey, and sends what it gives as a form. The only script of the server's own pages.
"use strict";

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0)).buffer;

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function make(given) {
  const publicKey = {
    ...given,
    challenge: bytes(given.challenge),
    user: { ...given.user, id: bytes(given.user.id) },
    excludeCredentials: named(given.excludeCredentials),
  };
  const made = await navigator.credentials.create({ publicKey });
  return {
    ...about(made),
    response: {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
    },
  };
}

async function use(given) {
  const publicKey = {
    ...given,
    challenge: bytes(given.challenge),
    allowCredentials: named(given.allowCredentials),
  };
  const shown = await navigator.credentials.get({ publicKey });
  const holder = shown.response.userHandle;
  return {
    ...about(shown),
    response: {
      clientDataJSON: text(shown.response.clientDataJSON),
      authenticatorData: text(shown.response.authenticatorData),
      signature: text(shown.response.signature),
      ...(holder ? { userHandle: text(holder) } : {}),
    },
  };
}

const about = (one) => ({
  id: one.id,
  rawId: text(one.rawId),
  type: one.type,
  clientExtensionResults: {},
});

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const failed = document.getElementById("passkey-failed");
  let asking = false;

  const ask = async () => {
    if (asking) return;
    asking = true;
    failed.hidden = true;
    try {
      const way = form.dataset.passkey === "make" ? make : use;
      form.elements.answer.value = JSON.stringify(await way(JSON.parse(form.dataset.options)));
      form.submit();
    } catch {
      failed.hidden = false; // no device at hand, it was refused, or it took too long
      asking = false;
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  if ("begin" in form.dataset) ask();
}
