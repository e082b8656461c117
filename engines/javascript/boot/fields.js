// Fields: what operations of the host are begun with, as [tag, bytes] (`engines/abi.md`).
(function (host, glue, global) {
  'use strict';

  glue.encodeFields = (fields) => {
    const size = fields.reduce((sum, [, bytes]) => sum + 8 + bytes.length, 0);
    const out = new Uint8Array(size);
    const view = new DataView(out.buffer);
    let at = 0;
    for (const [tag, bytes] of fields) {
      view.setUint32(at, tag, true);
      view.setUint32(at + 4, bytes.length, true);
      out.set(bytes, at + 8);
      at += 8 + bytes.length;
    }
    return out;
  };
})
