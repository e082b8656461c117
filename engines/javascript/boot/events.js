// Event, EventTarget, AbortController and AbortSignal.
(function (host, glue, global) {
  'use strict';

  const { define } = host;

  class Event {
    #type;
    #cancelable;
    #prevented = false;
    stopped = false;

    constructor(type, { bubbles = false, cancelable = false } = {}) {
      if (arguments.length === 0) throw new TypeError('an Event needs a type');
      this.#type = `${type}`;
      this.#cancelable = Boolean(cancelable);
      Object.defineProperties(this, {
        bubbles: { value: Boolean(bubbles) },
        timeStamp: { value: Number(host.clock(1)) / 1e6 },
        stopped: { value: false, writable: true, enumerable: false },
        target: { value: null, writable: true, configurable: true },
        currentTarget: { value: null, writable: true, configurable: true },
      });
    }

    get type() { return this.#type; }
    get cancelable() { return this.#cancelable; }
    get defaultPrevented() { return this.#prevented; }
    preventDefault() { if (this.#cancelable) this.#prevented = true; }
    stopPropagation() {}
    stopImmediatePropagation() { this.stopped = true; }
  }

  class CustomEvent extends Event {
    #detail;
    constructor(type, options = {}) {
      super(type, options);
      this.#detail = options.detail ?? null;
    }
    get detail() { return this.#detail; }
  }

  class EventTarget {
    #listeners = new Map();

    addEventListener(type, callback, options) {
      if (callback === null || callback === undefined) return;
      const { capture = false, once = false, signal } = typeof options === 'boolean' ? { capture: options } : options ?? {};
      if (signal?.aborted) return;
      const list = this.#listeners.get(`${type}`) ?? [];
      if (list.some((each) => each.callback === callback && each.capture === capture)) return;
      list.push({ callback, capture, once, removed: false });
      this.#listeners.set(`${type}`, list);
      signal?.addEventListener('abort', () => this.removeEventListener(type, callback, { capture }), { once: true });
    }

    removeEventListener(type, callback, options) {
      const capture = typeof options === 'boolean' ? options : options?.capture ?? false;
      const list = this.#listeners.get(`${type}`) ?? [];
      const at = list.findIndex((each) => each.callback === callback && each.capture === capture);
      if (at >= 0) list.splice(at, 1)[0].removed = true;
    }

    dispatchEvent(event) {
      if (!(event instanceof Event)) throw new TypeError('dispatchEvent needs an Event');
      event.target = event.currentTarget = this;
      for (const listener of [...this.#listeners.get(event.type) ?? []]) {
        if (listener.removed) continue;
        if (listener.once) this.removeEventListener(event.type, listener.callback, listener);
        try {
          if (typeof listener.callback === 'function') listener.callback.call(this, event);
          else listener.callback.handleEvent(event);
        } catch (error) {
          queueMicrotask(() => { throw error; });
        }
        if (event.stopped) break;
      }
      event.currentTarget = null;
      return !event.defaultPrevented;
    }
  }

  const MAKE = {};

  class AbortSignal extends EventTarget {
    #aborted = false;
    #reason;
    onabort = null;

    constructor(key) {
      if (key !== MAKE) throw new TypeError('Illegal constructor');
      super();
      Object.defineProperty(this, 'onabort', { enumerable: false });
    }

    get aborted() { return this.#aborted; }
    get reason() { return this.#reason; }
    throwIfAborted() { if (this.#aborted) throw this.#reason; }

    static abort(reason) {
      const signal = new AbortSignal(MAKE);
      AbortSignal.#abort(signal, reason);
      return signal;
    }

    static timeout(ms) {
      const signal = new AbortSignal(MAKE);
      host.setTimer(() => AbortSignal.#abort(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms, false, []);
      return signal;
    }

    static any(signals) {
      const result = new AbortSignal(MAKE);
      for (const signal of signals) {
        if (signal.aborted) {
          AbortSignal.#abort(result, signal.reason);
          break;
        }
        signal.addEventListener('abort', () => AbortSignal.#abort(result, signal.reason), { once: true });
      }
      return result;
    }

    static #abort(signal, reason = new DOMException('This operation was aborted', 'AbortError')) {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason;
      const event = new Event('abort');
      if (typeof signal.onabort === 'function') signal.onabort(event);
      signal.dispatchEvent(event);
    }

    // Only AbortController gets hold of this: it takes it away below.
    static control(signal, reason) { AbortSignal.#abort(signal, reason); }
  }

  const { control } = AbortSignal;
  delete AbortSignal.control;

  class AbortController {
    #signal = new AbortSignal(MAKE);
    get signal() { return this.#signal; }
    abort(reason) { control(this.#signal, reason); }
  }

  for (const type of [Event, CustomEvent, EventTarget, AbortSignal, AbortController]) define(type.name, type);
})
