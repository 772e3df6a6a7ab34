// Asks the browser for a passkey and sends its answer with the form. What WebAuthn has as bytes is
// base64url here. It is converted by hand in all browsers: some lack `parseCreationOptionsFromJSON`
// and `toJSON`, and extensions of password managers have broken the latter.
const form = document.getElementById('passkey');
const button = form.querySelector('button');
const failure = document.getElementById('passkey-failure');

const decode = text =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), char => char.charCodeAt(0));

const encode = bytes =>
  btoa(Array.from(new Uint8Array(bytes), byte => String.fromCharCode(byte)).join(''))
    .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

function options() {
  const asked = JSON.parse(form.dataset.options);
  asked.challenge = decode(asked.challenge);
  if (asked.user) asked.user.id = decode(asked.user.id);
  for (const known of [...(asked.excludeCredentials ?? []), ...(asked.allowCredentials ?? [])]) {
    known.id = decode(known.id);
  }
  return asked;
}

function answerOf(credential, isNew) {
  const { response } = credential;
  const sent = { clientDataJSON: encode(response.clientDataJSON) };
  const results = {};
  if (isNew) {
    sent.attestationObject = encode(response.attestationObject);
    const kept = credential.getClientExtensionResults().credProps?.rk;
    if (typeof kept === 'boolean') results.credProps = { rk: kept };
  } else {
    sent.authenticatorData = encode(response.authenticatorData);
    sent.signature = encode(response.signature);
    sent.userHandle = response.userHandle && encode(response.userHandle);
  }
  const { id, type } = credential;
  return { id, rawId: encode(credential.rawId), type, response: sent, clientExtensionResults: results };
}

function fail(words) {
  failure.textContent = words;
  failure.hidden = false;
  button.disabled = false;
  button.focus();
}

async function ask() {
  failure.hidden = true;
  button.disabled = true;
  if (!window.PublicKeyCredential || !navigator.credentials) {
    fail(failure.dataset.missing);
    return;
  }
  try {
    const publicKey = options();
    const isNew = publicKey.user !== undefined;
    const credential = isNew
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    form.elements.answer.value = JSON.stringify(answerOf(credential, isNew));
    form.submit();
  } catch (error) {
    const words = { NotAllowedError: failure.dataset.cancelled, InvalidStateError: failure.dataset.known };
    fail(words[error.name] ?? `${failure.dataset.other} (${error.name})`);
  }
}

button.hidden = false;
button.addEventListener('click', ask);
// Safari may want a click first; then the button is there.
ask();
