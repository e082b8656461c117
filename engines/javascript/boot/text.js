// TextEncoder and TextDecoder: UTF-8, UTF-16LE and Latin-1 (which the standard calls windows-1252).
(function (host, glue, global) {
  'use strict';

  const { define, encodeUtf8, decodeUtf8 } = host;
  const LABELS = {
    __proto__: null,
    'utf-8': 'utf-8', utf8: 'utf-8', 'unicode-1-1-utf-8': 'utf-8', unicode11utf8: 'utf-8', unicode20utf8: 'utf-8', 'x-unicode20utf8': 'utf-8',
    'utf-16le': 'utf-16le', 'utf-16': 'utf-16le', unicode: 'utf-16le', ucs2: 'utf-16le', 'ucs-2': 'utf-16le', 'iso-10646-ucs-2': 'utf-16le', csunicode: 'utf-16le',
    'windows-1252': 'windows-1252', latin1: 'windows-1252', ascii: 'windows-1252', 'us-ascii': 'windows-1252', 'iso-8859-1': 'windows-1252', iso88591: 'windows-1252', l1: 'windows-1252', cp1252: 'windows-1252',
  };
  // Bytes 0x80 to 0x9f of windows-1252.
  const HIGH = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

  class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(text = '') { return encodeUtf8(`${text}`.toWellFormed()); }
    encodeInto(text, target) {
      if (!(target instanceof Uint8Array)) throw new TypeError('encodeInto needs a Uint8Array');
      text = `${text}`;
      let read = 0;
      let written = 0;
      for (const character of text) {
        const bytes = encodeUtf8(character.toWellFormed());
        if (written + bytes.length > target.length) break;
        target.set(bytes, written);
        written += bytes.length;
        read += character.length;
      }
      return { read, written };
    }
  }

  function bytesOf(input) {
    if (input === undefined) return new Uint8Array(0);
    if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    if (input instanceof ArrayBuffer) return new Uint8Array(input);
    throw new TypeError('decode needs an ArrayBuffer or a view of one');
  }

  // How many bytes at the end are the beginning of a sequence that may still be completed.
  function unfinished(bytes) {
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const byte = bytes[bytes.length - back];
      if ((byte & 0xc0) === 0x80) continue;
      const need = byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
      return byte >= 0xf5 || need <= back ? 0 : back;
    }
    return 0;
  }

  function utf16(bytes, fatal) {
    let text = '';
    for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at] | (bytes[at + 1] << 8));
    if (bytes.length % 2) text += '\ud800'; // half a unit
    if (fatal && !text.isWellFormed()) return undefined;
    return text.toWellFormed();
  }

  function latin1(bytes) {
    let text = '';
    for (const byte of bytes) text += byte >= 0x80 && byte < 0xa0 ? HIGH[byte - 0x80] : String.fromCharCode(byte);
    return text;
  }

  class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    #kept = new Uint8Array(0);
    #started = false;

    constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
      this.#encoding = LABELS[`${label}`.trim().toLowerCase()];
      if (!this.#encoding) throw new RangeError(`the encoding '${label}' is not supported; utf-8, utf-16le and latin1 are`);
      this.#fatal = Boolean(fatal);
      this.#ignoreBOM = Boolean(ignoreBOM);
    }

    get encoding() { return this.#encoding; }
    get fatal() { return this.#fatal; }
    get ignoreBOM() { return this.#ignoreBOM; }

    decode(input, { stream = false } = {}) {
      let bytes = bytesOf(input);
      if (this.#kept.length) {
        const joined = new Uint8Array(this.#kept.length + bytes.length);
        joined.set(this.#kept);
        joined.set(bytes, this.#kept.length);
        bytes = joined;
      }
      const keep = stream ? this.#unfinished(bytes) : 0;
      this.#kept = bytes.slice(bytes.length - keep);
      bytes = bytes.subarray(0, bytes.length - keep);
      let text = this.#decode(bytes);
      if (text === undefined) {
        this.#kept = new Uint8Array(0);
        this.#started = false;
        throw new TypeError(`the bytes are not valid ${this.#encoding}`);
      }
      if (!this.#started && text.length) {
        if (!this.#ignoreBOM && this.#encoding !== 'windows-1252' && text[0] === '\ufeff') text = text.slice(1);
        this.#started = true;
      }
      if (!stream) this.#started = false;
      return text;
    }

    #unfinished(bytes) {
      if (this.#encoding === 'utf-8') return unfinished(bytes);
      if (this.#encoding !== 'utf-16le') return 0;
      const odd = bytes.length % 2;
      const last = bytes.length - odd - 1;
      return last > 0 && (bytes[last] & 0xfc) === 0xd8 ? odd + 2 : odd;
    }

    #decode(bytes) {
      if (this.#encoding === 'utf-8') return decodeUtf8(bytes, this.#fatal);
      return this.#encoding === 'utf-16le' ? utf16(bytes, this.#fatal) : latin1(bytes);
    }
  }

  define('TextEncoder', TextEncoder);
  define('TextDecoder', TextDecoder);
})
