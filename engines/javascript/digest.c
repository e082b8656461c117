// SHA-1, SHA-256, SHA-384 and SHA-512 (FIPS 180-4), for `crypto.subtle.digest`.

#define ROTATE32(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
#define ROTATE64(x, n) (((x) >> (n)) | ((x) << (64 - (n))))

// The first 64 bits of the fractional parts of the cube roots of the first 80 primes; SHA-256 uses the upper halves of the first 64.
static const uint64_t cube_roots[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static uint32_t be32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void sha1_block(uint32_t *h, const uint8_t *at) {
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 16; i++) w[i] = be32(at + 4 * i);
    for (int i = 16; i < 80; i++) w[i] = ROTATE32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 31);
    for (int i = 0; i < 80; i++) {
        uint32_t f = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
        uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
        uint32_t t = ROTATE32(a, 27) + f + e + k + w[i];
        e = d, d = c, c = ROTATE32(b, 2), b = a, a = t;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

static void sha256_block(uint32_t *h, const uint8_t *at) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++) w[i] = be32(at + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + (ROTATE32(x, 7) ^ ROTATE32(x, 18) ^ (x >> 3)) + w[i - 7] +
               (ROTATE32(y, 17) ^ ROTATE32(y, 19) ^ (y >> 10));
    }
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t a = s[0], e = s[4];
        uint32_t t = s[7] + (ROTATE32(e, 6) ^ ROTATE32(e, 11) ^ ROTATE32(e, 25)) + ((e & s[5]) ^ (~e & s[6])) +
                     (uint32_t)(cube_roots[i] >> 32) + w[i];
        uint32_t u = (ROTATE32(a, 2) ^ ROTATE32(a, 13) ^ ROTATE32(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t;
        s[0] = t + u;
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
}

static uint64_t be64(const uint8_t *at) { return (uint64_t)be32(at) << 32 | be32(at + 4); }

static void sha512_block(uint64_t *h, const uint8_t *at) {
    uint64_t w[80], s[8];
    for (int i = 0; i < 16; i++) w[i] = be64(at + 8 * i);
    for (int i = 16; i < 80; i++) {
        uint64_t x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + (ROTATE64(x, 1) ^ ROTATE64(x, 8) ^ (x >> 7)) + w[i - 7] +
               (ROTATE64(y, 19) ^ ROTATE64(y, 61) ^ (y >> 6));
    }
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 80; i++) {
        uint64_t a = s[0], e = s[4];
        uint64_t t = s[7] + (ROTATE64(e, 14) ^ ROTATE64(e, 18) ^ ROTATE64(e, 41)) + ((e & s[5]) ^ (~e & s[6])) +
                     cube_roots[i] + w[i];
        uint64_t u = (ROTATE64(a, 28) ^ ROTATE64(a, 34) ^ ROTATE64(a, 39)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t;
        s[0] = t + u;
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
}

union sha_state {
    uint32_t narrow[8];
    uint64_t wide[8];
};

static const uint32_t sha1_start[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
static const uint32_t sha256_start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint64_t sha384_start[8] = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
                                         0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4};
static const uint64_t sha512_start[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                         0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

static void sha_block(int bits, union sha_state *state, const uint8_t *at) {
    if (bits == 1) sha1_block(state->narrow, at);
    else if (bits == 256) sha256_block(state->narrow, at);
    else sha512_block(state->wide, at);
}

// digest(1, 256, 384 or 512, bytes) -> Uint8Array
static JSValue native_digest(JSContext *ctx, JSValueConst this, int count, JSValueConst *args) {
    (void)this, (void)count;
    int32_t bits;
    if (JS_ToInt32(ctx, &bits, args[0])) return JS_EXCEPTION;
    size_t length;
    const uint8_t *bytes = JS_GetUint8Array(ctx, &length, args[1]);
    if (!bytes) return JS_EXCEPTION;
    union sha_state state;
    if (bits == 1) memcpy(state.narrow, sha1_start, sizeof sha1_start);
    else if (bits == 256) memcpy(state.narrow, sha256_start, sizeof sha256_start);
    else memcpy(state.wide, bits == 384 ? sha384_start : sha512_start, sizeof sha512_start);

    // All whole blocks, then the rest with its padding: one bit, zeros, and the length in bits.
    size_t block = bits > 256 ? 128 : 64, whole = length - length % block, left = length - whole;
    for (size_t i = 0; i < whole; i += block) sha_block(bits, &state, bytes + i);
    uint8_t tail[256] = {0};
    memcpy(tail, bytes + whole, left);
    tail[left] = 0x80;
    size_t total = left + 1 + block / 8 > block ? 2 * block : block;
    for (int i = 0; i < 8; i++) tail[total - 1 - i] = (uint8_t)((uint64_t)length * 8 >> (8 * i));
    for (size_t i = 0; i < total; i += block) sha_block(bits, &state, tail + i);

    uint8_t out[64];
    for (int i = 0; i < 8; i++) {
        if (bits > 256) {
            for (int j = 0; j < 8; j++) out[8 * i + j] = (uint8_t)(state.wide[i] >> (56 - 8 * j));
        } else {
            for (int j = 0; j < 4; j++) out[4 * i + j] = (uint8_t)(state.narrow[i] >> (24 - 8 * j));
        }
    }
    return JS_NewUint8ArrayCopy(ctx, out, bits == 1 ? 20 : (size_t)bits / 8);
}
