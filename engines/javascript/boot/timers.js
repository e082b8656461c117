// setTimeout and its kin. Ids are numbers, as in browsers.
(function (host, glue, global) {
  'use strict';

  const { setTimer, clearTimer, define } = host;

  function checked(callback) {
    if (typeof callback === 'function') return callback;
    throw new TypeError(`The "callback" argument must be a function, and is ${callback === null ? 'null' : typeof callback}`);
  }

  // The language lists this one among the globals; browsers do not.
  define('performance', global.performance);

  define('setTimeout', function setTimeout(callback, delay = 0, ...args) { return setTimer(checked(callback), delay, false, args); });
  define('setInterval', function setInterval(callback, delay = 0, ...args) { return setTimer(checked(callback), delay, true, args); });
  define('setImmediate', function setImmediate(callback, ...args) { return setTimer(checked(callback), 0, false, args); });
  for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) {
    define(name, { [name](id) { clearTimer(id); } }[name]);
  }
})
