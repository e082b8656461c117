// crypto: random values and digests. Keys and ciphers are not here.
(function (host, glue, global) {
  'use strict';

  const { define, random, digest } = host;
  const INTEGERS = /^(Big)?(Int|Uint)\d+(Clamped)?Array$/;
  const MOST = 65536;
  const HASHES = { __proto__: null, 'SHA-1': 1, 'SHA-256': 256, 'SHA-384': 384, 'SHA-512': 512 };

  function bytesOf(data) {
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (data instanceof ArrayBuffer) return new Uint8Array(data);
    throw new TypeError('the data must be an ArrayBuffer or a view of one');
  }

  class SubtleCrypto {
    async digest(algorithm, data) {
      const name = `${typeof algorithm === 'object' ? algorithm?.name : algorithm}`.toUpperCase();
      const bits = HASHES[name];
      if (!bits) throw new DOMException(`'${name}' is not supported; ${Object.keys(HASHES).join(', ')} are`, 'NotSupportedError');
      return digest(bits, bytesOf(data)).buffer;
    }
  }

  class Crypto {
    #subtle = new SubtleCrypto();

    get subtle() { return this.#subtle; }

    getRandomValues(array) {
      if (!INTEGERS.test(host.classOf(array) ?? '')) throw new DOMException('an integer typed array is needed', 'TypeMismatchError');
      if (array.byteLength > MOST) throw new DOMException(`at most ${MOST} bytes at a time`, 'QuotaExceededError');
      random(bytesOf(array));
      return array;
    }

    randomUUID() {
      const bytes = new Uint8Array(16);
      random(bytes);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      const hex = bytes.toHex();
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    }
  }

  define('SubtleCrypto', SubtleCrypto);
  define('Crypto', Crypto);
  define('crypto', new Crypto());
})
