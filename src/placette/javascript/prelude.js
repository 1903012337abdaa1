// What a codec finds: ECMAScript, console, Buffer, module, exports, require("buffer"). What it does not find: timers,
// threads, WebAssembly, files, network. `__placette` calls the codec on many frames and keeps nonsense out.
(function () {
  "use strict";
  var limits = { depth: 16, values: 5000, characters: 65536, message: 300 };
  var stringify = JSON.stringify;
  var parse = JSON.parse;
  ["WebAssembly", "SharedArrayBuffer", "Atomics", "setTimeout", "clearTimeout", "__timer_manager"].forEach(function (name) {
    globalThis[name] = undefined;
  });

  function give(name, value) {
    Object.defineProperty(globalThis, name, { value: value, writable: true, configurable: true });
  }

  var silent = function () {};
  give("console", { log: silent, info: silent, warn: silent, error: silent, debug: silent, trace: silent });
  var module = { exports: {} };
  give("module", module);
  give("exports", module.exports);
  give("require", function (name) {
    if (name === "buffer" || name === "node:buffer") return { Buffer: Buffer };
    throw new Error("require('" + name + "'): a codec has no modules but 'buffer'");
  });

  // Node's Buffer, as far as codecs use it: https://nodejs.org/api/buffer.html
  class Buffer extends Uint8Array {
    static from(value, encoding) {
      if (typeof value !== "string") return new Buffer(value);
      return new Buffer(bytesOf(value, encoding || "utf8"));
    }
    static alloc(size) { return new Buffer(size); }
    static isBuffer(value) { return value instanceof Buffer; }
    static concat(list) {
      var all = [];
      list.forEach(function (one) { one.forEach(function (byte) { all.push(byte); }); });
      return new Buffer(all);
    }
    static get [Symbol.species]() { return Buffer; }
    slice(start, end) { return this.subarray(start, end); }
    toString(encoding, start, end) { return textOf(this.subarray(start || 0, end === undefined ? this.length : end), encoding || "utf8"); }
    toJSON() { return Array.from(this); }
    get view() { return new DataView(this.buffer, this.byteOffset, this.byteLength); }
    readUIntBE(at, size) { var v = 0; for (var i = 0; i < size; i++) v = v * 256 + this[at + i]; return v; }
    readUIntLE(at, size) { var v = 0; for (var i = size - 1; i >= 0; i--) v = v * 256 + this[at + i]; return v; }
    readIntBE(at, size) { var v = this.readUIntBE(at, size), m = Math.pow(2, 8 * size); return v >= m / 2 ? v - m : v; }
    readIntLE(at, size) { var v = this.readUIntLE(at, size), m = Math.pow(2, 8 * size); return v >= m / 2 ? v - m : v; }
  }
  [["UInt8", "Uint8"], ["Int8", "Int8"]].forEach(function (pair) {
    reader("read" + pair[0], "get" + pair[1], false);
  });
  [["UInt16", "Uint16"], ["Int16", "Int16"], ["UInt32", "Uint32"], ["Int32", "Int32"], ["Float", "Float32"],
    ["Double", "Float64"], ["BigUInt64", "BigUint64"], ["BigInt64", "BigInt64"]].forEach(function (pair) {
    reader("read" + pair[0] + "LE", "get" + pair[1], true);
    reader("read" + pair[0] + "BE", "get" + pair[1], false);
  });
  function reader(name, method, little) {
    var read = function (at) { return this.view[method](at || 0, little); };
    Buffer.prototype[name] = read;
    Buffer.prototype[name.replace("UInt", "Uint")] = read;
  }
  give("Buffer", Buffer);

  function bytesOf(text, encoding) {
    var out = [], i;
    if (encoding === "hex") {
      for (i = 0; i + 1 < text.length; i += 2) out.push(parseInt(text.substr(i, 2), 16));
    } else if (encoding === "base64") {
      var bits = 0, held = 0;
      for (i = 0; i < text.length; i++) {
        var digit = BASE64.indexOf(text[i]);
        if (digit < 0) continue;
        held = (held << 6) | digit;
        bits += 6;
        if (bits >= 8) { bits -= 8; out.push((held >> bits) & 255); held &= (1 << bits) - 1; }
      }
    } else if (encoding === "utf8" || encoding === "utf-8") {
      var escaped = unescape(encodeURIComponent(text));
      for (i = 0; i < escaped.length; i++) out.push(escaped.charCodeAt(i));
    } else {
      for (i = 0; i < text.length; i++) out.push(text.charCodeAt(i) & 255);
    }
    return out;
  }
  var BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  function textOf(bytes, encoding) {
    var out = "", i;
    if (encoding === "hex") {
      for (i = 0; i < bytes.length; i++) out += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
      return out;
    }
    if (encoding === "base64") {
      for (i = 0; i < bytes.length; i += 3) {
        var n = (bytes[i] << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0);
        out += BASE64[n >> 18] + BASE64[(n >> 12) & 63];
        out += i + 1 < bytes.length ? BASE64[(n >> 6) & 63] : "=";
        out += i + 2 < bytes.length ? BASE64[n & 63] : "=";
      }
      return out;
    }
    for (i = 0; i < bytes.length; i++) out += String.fromCharCode(bytes[i]);
    if (encoding !== "utf8" && encoding !== "utf-8") return out;
    try { return decodeURIComponent(escape(out)); } catch (error) { return out; }
  }

  function checked(value, path, depth, count) {
    if (++count.values > limits.values) throw new Error("the result has more than " + limits.values + " values");
    if (depth > limits.depth) throw new Error("the result is nested too deeply, or refers to itself");
    if (typeof value === "number") {
      if (value !== value || value === Infinity || value === -Infinity) throw new Error("the result has " + value + " at '" + path + "'");
    } else if (typeof value === "string") {
      return value.toWellFormed();
    } else if (typeof value === "bigint") {
      return Number(value);
    } else if (value !== null && typeof value === "object" && typeof value.toJSON !== "function") {
      for (var key in value) {
        var was = value[key], is = checked(was, path ? path + "." + key : key, depth + 1, count);
        if (is !== was) value[key] = is;
      }
    }
    return value;
  }

  function bytes(hex) {
    var out = new Array(hex.length >> 1);
    for (var i = 0; i < out.length; i++) out[i] = parseInt(hex.substr(2 * i, 2), 16);
    return out;
  }

  function message(error) {
    return String((error && error.message) || error).slice(0, limits.message).toWellFormed();
  }

  function strings(list) {
    return (Array.isArray(list) ? list : [list]).slice(0, 20).map(message);
  }

  function one(decode, frame) {
    try {
      var result = decode(bytes(frame[0]), frame[1], new Date(frame[2]));
      if (result.errors && result.errors.length) return stringify(["the codec says: " + strings(result.errors).join("; ").slice(0, limits.message).toWellFormed()]);
      var data = result.data;
      if (data === null || typeof data !== "object" || Array.isArray(data)) return stringify(["the codec returned no fields"]);
      checked(data, "", 0, { values: 0 });
      var text = stringify(["", data, result.warnings ? strings(result.warnings) : []]);
      if (text.length > limits.characters) return stringify(["the result is longer than " + limits.characters + " characters"]);
      return text;
    } catch (error) {
      return stringify(["the codec failed: " + message(error)]);
    }
  }

  Object.defineProperty(globalThis, "__placette", {
    value: function (decode, frames) {
      var all = parse(frames), out = [];
      for (var i = 0; i < all.length; i++) out.push(one(decode, all[i]));
      return "[" + out.join(",") + "]";
    },
  });
})();
