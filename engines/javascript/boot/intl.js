// Intl for en-US alone, and UTC alone: every other locale is answered in en-US, which `resolvedOptions` and `supportedLocalesOf` say.
(function (host, glue, global) {
  'use strict';

  const { define } = host;
  const LOCALE = 'en-US';
  const supported = (locales) => [...new Set(typeof locales === 'string' ? [locales] : locales ?? [])].filter((l) => /^en(-US)?$/i.test(l));

  function choose(name, value, allowed, otherwise) {
    if (value === undefined) return otherwise;
    if (!allowed.includes(`${value}`)) throw new RangeError(`Value ${value} out of range for Intl options property ${name}`);
    return `${value}`;
  }

  class Format {
    static supportedLocalesOf(locales) { return supported(locales); }
  }

  // --- numbers ---

  const SYMBOLS = { __proto__: null, USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', CNY: 'CN¥', KRW: '₩', BRL: 'R$', CAD: 'CA$', AUD: 'A$', MXN: 'MX$', NZD: 'NZ$', HKD: 'HK$', ILS: '₪', VND: '₫', TWD: 'NT$', PHP: '₱' };
  const WITHOUT_CENTS = ['JPY', 'KRW', 'VND', 'CLP', 'ISK', 'PYG', 'UGX', 'XAF', 'XOF', 'XPF'];
  const UNITS = { __proto__: null, kilometer: 'km', meter: 'm', centimeter: 'cm', millimeter: 'mm', mile: 'mi', foot: 'ft', inch: 'in', kilogram: 'kg', gram: 'g', pound: 'lb', ounce: 'oz', liter: 'L', milliliter: 'mL', second: 'sec', minute: 'min', hour: 'hr', day: 'day', week: 'wk', month: 'mth', year: 'yr', millisecond: 'ms', byte: 'byte', kilobyte: 'kB', megabyte: 'MB', gigabyte: 'GB', terabyte: 'TB', bit: 'bit', percent: '%', celsius: '°C', fahrenheit: '°F', degree: 'deg', 'kilometer-per-hour': 'km/h', 'mile-per-hour': 'mph' };
  const COMPACT = [[1e12, 'T', ' trillion'], [1e9, 'B', ' billion'], [1e6, 'M', ' million'], [1e3, 'K', ' thousand']];

  function digits(name, value, low, high, otherwise) {
    if (value === undefined) return otherwise;
    const number = Number(value);
    if (!(number >= low && number <= high)) throw new RangeError(`${name} value is out of range.`);
    return Math.floor(number);
  }

  // Decimal text of a number that is not negative, rounded half away from zero on the number's own shortest digits.
  function rounded(value, fraction) {
    if (typeof value === 'bigint') return `${value}`;
    const [, whole, rest = '', exponent = '0'] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(`${value}`);
    const shift = Number(exponent);
    let all = whole + rest;
    let point = whole.length + shift;
    if (point <= 0) [all, point] = ['0'.repeat(1 - point) + all, 1];
    all = all.padEnd(point + fraction + 1, '0');
    let kept = BigInt(all.slice(0, point + fraction));
    if (all[point + fraction] >= '5') kept += 1n;
    const text = `${kept}`.padStart(fraction + 1, '0');
    return fraction ? `${text.slice(0, -fraction)}.${text.slice(-fraction)}` : text;
  }

  function significant(value, most) {
    if (value === 0) return '0';
    const magnitude = Math.floor(Math.log10(value)) + 1;
    if (magnitude >= most) return rounded(Math.round(value / 10 ** (magnitude - most)) * 10 ** (magnitude - most), 0);
    return rounded(Number(value.toPrecision(Math.min(most, 100))), Math.min(100, most - magnitude));
  }

  class NumberFormat extends Format {
    #o;

    constructor(locales, options = {}) {
      super();
      const style = choose('style', options.style, ['decimal', 'percent', 'currency', 'unit'], 'decimal');
      if (style === 'currency' && options.currency === undefined) throw new TypeError('Currency code is required with currency style.');
      if (style === 'unit' && options.unit === undefined) throw new TypeError('Unit is required with unit style.');
      const currency = style === 'currency' ? `${options.currency}`.toUpperCase() : undefined;
      const notation = choose('notation', options.notation, ['standard', 'scientific', 'engineering', 'compact'], 'standard');
      const cents = currency ? (WITHOUT_CENTS.includes(currency) ? 0 : 2) : 0;
      const low = digits('minimumFractionDigits', options.minimumFractionDigits, 0, 100, undefined);
      const high = digits('maximumFractionDigits', options.maximumFractionDigits, 0, 100, undefined);
      if (low !== undefined && high !== undefined && low > high) throw new RangeError('maximumFractionDigits value is out of range.');
      const usual = currency ? cents : style === 'percent' || notation === 'compact' ? 0 : 3;
      this.#o = {
        style, currency, notation, unit: options.unit,
        currencyDisplay: options.currencyDisplay ?? 'symbol', unitDisplay: options.unitDisplay ?? 'short', compactDisplay: options.compactDisplay ?? 'short',
        useGrouping: options.useGrouping ?? true, signDisplay: options.signDisplay ?? 'auto', currencySign: options.currencySign ?? 'standard',
        minimumIntegerDigits: digits('minimumIntegerDigits', options.minimumIntegerDigits, 1, 21, 1),
        minimumFractionDigits: low ?? Math.min(currency && notation !== 'compact' ? cents : 0, high ?? 100),
        maximumFractionDigits: high ?? Math.max(usual, low ?? 0),
        fixedFraction: low !== undefined || high !== undefined,
        minimumSignificantDigits: digits('minimumSignificantDigits', options.minimumSignificantDigits, 1, 21, options.maximumSignificantDigits === undefined ? undefined : 1),
        maximumSignificantDigits: digits('maximumSignificantDigits', options.maximumSignificantDigits, 1, 21, options.minimumSignificantDigits === undefined ? undefined : 21),
      };
    }

    get format() { return (value) => this.formatToParts(value).map((part) => part.value).join(''); }

    formatToParts(value) {
      const o = this.#o;
      const number = typeof value === 'bigint' ? value : Number(value);
      const negative = number < 0 || Object.is(number, -0);
      const parts = this.#magnitude(negative ? -number : number);
      const zero = parts.every((part) => !/[1-9∞N]/.test(part.value) || !['integer', 'fraction', 'infinity', 'nan'].includes(part.type));
      const minus = negative && o.signDisplay !== 'never' && !(zero && ['exceptZero', 'negative'].includes(o.signDisplay));
      const plus = !negative && (o.signDisplay === 'always' || (o.signDisplay === 'exceptZero' && !zero));
      this.#decorate(parts);
      if (minus && o.currencySign === 'accounting') return [{ type: 'literal', value: '(' }, ...parts, { type: 'literal', value: ')' }];
      if (minus) parts.unshift({ type: 'minusSign', value: '-' });
      if (plus) parts.unshift({ type: 'plusSign', value: '+' });
      return parts;
    }

    #magnitude(number) {
      const o = this.#o;
      if (number !== number) return [{ type: 'nan', value: 'NaN' }];
      if (number === Infinity) return [{ type: 'infinity', value: '∞' }];
      let tail = [];
      if (o.style === 'percent') number = typeof number === 'bigint' ? number * 100n : Number(rounded(number, 15)) * 100;
      if (o.notation === 'compact') {
        const at = COMPACT.find(([size]) => Number(number) >= size);
        if (at) {
          number = Number(number) / at[0];
          tail = [{ type: 'compact', value: o.compactDisplay === 'long' ? at[2] : at[1] }];
        }
      } else if (o.notation !== 'standard' && number) {
        let power = Math.floor(Math.log10(Number(number)));
        if (o.notation === 'engineering') power = Math.floor(power / 3) * 3;
        number = Number(number) / 10 ** power;
        tail = [{ type: 'exponentSeparator', value: 'E' }, { type: 'exponentInteger', value: `${power}` }];
      }
      return [...this.#decimal(number), ...tail];
    }

    #decimal(number) {
      const o = this.#o;
      let text;
      let least = o.minimumFractionDigits;
      if (o.maximumSignificantDigits !== undefined) {
        text = significant(Number(number), o.maximumSignificantDigits);
        least = Math.max(0, o.minimumSignificantDigits - text.split('.')[0].replace(/^0$/, '').length);
      } else if (o.notation === 'compact' && !o.fixedFraction && number < 100) {
        text = significant(Number(number), 2);
        least = 0;
      } else text = rounded(number, o.maximumFractionDigits);
      let [whole, fraction = ''] = text.split('.');
      while (fraction.length > least && fraction.endsWith('0')) fraction = fraction.slice(0, -1);
      fraction = fraction.padEnd(least, '0');
      whole = whole.padStart(o.minimumIntegerDigits, '0');
      const grouped = o.useGrouping !== false && o.useGrouping !== 'false' && !(o.useGrouping === 'min2' && whole.length < 5) && !(o.notation === 'compact' && whole.length < 5);
      const groups = grouped ? whole.replace(/\B(?=(\d{3})+$)/g, ',').split(',') : [whole];
      const parts = groups.flatMap((value, at) => (at ? [{ type: 'group', value: ',' }, { type: 'integer', value }] : [{ type: 'integer', value }]));
      if (fraction) parts.push({ type: 'decimal', value: '.' }, { type: 'fraction', value: fraction });
      return parts;
    }

    #decorate(parts) {
      const o = this.#o;
      if (o.style === 'percent') parts.push({ type: 'percentSign', value: '%' });
      if (o.style === 'currency') {
        const symbol = o.currencyDisplay === 'code' ? `${o.currency}\u00a0` : SYMBOLS[o.currency] ?? `${o.currency}\u00a0`;
        if (o.currencyDisplay === 'name') parts.push({ type: 'literal', value: ' ' }, { type: 'currency', value: o.currency });
        else parts.unshift({ type: 'currency', value: o.currencyDisplay === 'narrowSymbol' ? symbol.replace(/^[A-Z]+(?=[^\w\s])/, '') : symbol });
      }
      if (o.style === 'unit') {
        const one = parts.length === 1 && parts[0].value === '1';
        const long = o.unitDisplay === 'long';
        const word = long ? `${o.unit}${one ? '' : 's'}`.replace(/(\w+)-per-(\w+?)s?$/, (all, a, b) => `${a}${one ? '' : 's'} per ${b}`) : UNITS[o.unit] ?? o.unit;
        const plural = !long && !one && ['day', 'week', 'month', 'year'].includes(o.unit) ? 's' : '';
        if (o.unitDisplay !== 'narrow' && !/^[%°]/.test(word)) parts.push({ type: 'literal', value: ' ' });
        parts.push({ type: 'unit', value: word + plural });
      }
    }

    formatRange(from, to) { return `${this.format(from)}–${this.format(to)}`; }
    resolvedOptions() {
      const { fixedFraction, ...shown } = this.#o;
      return { locale: LOCALE, numberingSystem: 'latn', ...shown };
    }
  }

  // --- dates ---

  const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
  const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
  const DATE = ['weekday', 'era', 'year', 'month', 'day'];
  const TIME = ['hour', 'minute', 'second', 'dayPeriod', 'fractionalSecondDigits'];
  const DATE_STYLES = {
    full: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }, long: { year: 'numeric', month: 'long', day: 'numeric' },
    medium: { year: 'numeric', month: 'short', day: 'numeric' }, short: { year: '2-digit', month: 'numeric', day: 'numeric' },
  };
  const TIME_STYLES = {
    full: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'long' }, long: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
    medium: { hour: 'numeric', minute: '2-digit', second: '2-digit' }, short: { hour: 'numeric', minute: '2-digit' },
  };
  const two = (number) => `${number}`.padStart(2, '0');

  class DateTimeFormat extends Format {
    #o;

    constructor(locales, options = {}, usual = 'date') {
      super();
      const zone = options.timeZone === undefined ? 'UTC' : `${options.timeZone}`;
      if (!/^(UTC|GMT|Etc\/(UTC|GMT)|\+00:?00)$/i.test(zone)) throw new RangeError(`the time zone '${zone}' is not supported; UTC is`);
      const o = { hour12: options.hour12 ?? !['h23', 'h24'].includes(options.hourCycle), timeZoneName: options.timeZoneName };
      for (const name of [...DATE, ...TIME]) o[name] = options[name];
      if (options.dateStyle) Object.assign(o, DATE_STYLES[choose('dateStyle', options.dateStyle, Object.keys(DATE_STYLES))]);
      if (options.timeStyle) Object.assign(o, TIME_STYLES[choose('timeStyle', options.timeStyle, Object.keys(TIME_STYLES))]);
      o.style = options.dateStyle;
      const any = (names) => names.some((name) => o[name] !== undefined);
      if (!any(DATE) && !any(TIME) || (usual === 'date+' && !any(DATE)) || (usual === 'time+' && !any(TIME))) {
        if (usual !== 'time+' && usual !== 'time') Object.assign(o, { year: 'numeric', month: 'numeric', day: 'numeric' });
        if (usual !== 'date' && usual !== 'date+') Object.assign(o, { hour: 'numeric', minute: '2-digit', second: '2-digit' });
      }
      this.#o = o;
    }

    get format() { return (date) => this.formatToParts(date).map((part) => part.value).join(''); }

    formatToParts(date) {
      const at = new Date(date === undefined ? Date.now() : date);
      if (Number.isNaN(at.getTime())) throw new RangeError('Invalid time value');
      const o = this.#o;
      const parts = this.#date(at);
      const time = this.#time(at);
      if (parts.length && time.length) parts.push({ type: 'literal', value: o.style === 'full' || o.style === 'long' ? ' at ' : ', ' });
      parts.push(...time);
      if (o.timeZoneName) parts.push({ type: 'literal', value: parts.length ? ' ' : '' }, { type: 'timeZoneName', value: o.timeZoneName === 'long' ? 'Coordinated Universal Time' : 'UTC' });
      return parts;
    }

    #date(at) {
      const o = this.#o;
      const name = (list, index, style) => (style === 'long' ? list[index] : style === 'narrow' ? list[index][0] : list[index].slice(0, 3));
      const year = o.year && { type: 'year', value: o.year === '2-digit' ? two(at.getUTCFullYear() % 100) : `${at.getUTCFullYear()}` };
      const day = o.day && { type: 'day', value: o.day === '2-digit' ? two(at.getUTCDate()) : `${at.getUTCDate()}` };
      const weekday = o.weekday && { type: 'weekday', value: name(DAYS, at.getUTCDay(), o.weekday) };
      const number = at.getUTCMonth() + 1;
      const inWords = o.month && !['numeric', '2-digit'].includes(o.month);
      const month = o.month && { type: 'month', value: inWords ? name(MONTHS, number - 1, o.month) : o.month === '2-digit' ? two(number) : `${number}` };
      const join = (list, between) => list.filter(Boolean).flatMap((part, i) => (i ? [{ type: 'literal', value: between }, part] : [part]));
      if (!inWords) return join2(weekday, join([month, day, year], '/'));
      const head = join([month, day], ' ');
      const dated = year && head.length ? [...head, { type: 'literal', value: day ? ', ' : ' ' }, year] : [...head, ...(year ? [year] : [])];
      return join2(weekday, dated);
    }

    #time(at) {
      const o = this.#o;
      const parts = [];
      const add = (type, value, between) => parts.push(...(parts.length ? [{ type: 'literal', value: between }] : []), { type, value });
      const hour = at.getUTCHours();
      const shown = o.hour12 ? hour % 12 || 12 : hour;
      if (o.hour) add('hour', o.hour === '2-digit' || !o.hour12 ? two(shown) : `${shown}`, '');
      if (o.minute) add('minute', o.hour || o.second || o.minute === '2-digit' ? two(at.getUTCMinutes()) : `${at.getUTCMinutes()}`, ':');
      if (o.second) add('second', o.minute || o.second === '2-digit' ? two(at.getUTCSeconds()) : `${at.getUTCSeconds()}`, ':');
      if (o.fractionalSecondDigits) add('fractionalSecond', `${at.getUTCMilliseconds()}`.padStart(3, '0').slice(0, o.fractionalSecondDigits), '.');
      if (o.hour && o.hour12) add('dayPeriod', hour < 12 ? 'AM' : 'PM', '\u202f');
      return parts;
    }

    formatRange(from, to) { return `${this.format(from)} – ${this.format(to)}`; }
    resolvedOptions() {
      const { style, ...shown } = this.#o;
      return { locale: LOCALE, calendar: 'gregory', numberingSystem: 'latn', timeZone: 'UTC', ...shown };
    }
  }

  const join2 = (weekday, rest) => (weekday && rest.length ? [weekday, { type: 'literal', value: ', ' }, ...rest] : [...(weekday ? [weekday] : []), ...rest]);

  // --- words ---

  class PluralRules extends Format {
    #type;
    constructor(locales, options = {}) {
      super();
      this.#type = choose('type', options.type, ['cardinal', 'ordinal'], 'cardinal');
    }
    select(number) {
      if (this.#type === 'cardinal') return Number(number) === 1 ? 'one' : 'other';
      const [ten, hundred] = [Math.abs(number) % 10, Math.abs(number) % 100];
      if (ten === 1 && hundred !== 11) return 'one';
      if (ten === 2 && hundred !== 12) return 'two';
      return ten === 3 && hundred !== 13 ? 'few' : 'other';
    }
    resolvedOptions() { return { locale: LOCALE, type: this.#type, pluralCategories: this.#type === 'ordinal' ? ['few', 'one', 'two', 'other'] : ['one', 'other'] }; }
  }

  class Collator extends Format {
    #o;
    constructor(locales, options = {}) {
      super();
      this.#o = { usage: 'sort', sensitivity: options.sensitivity ?? 'variant', numeric: Boolean(options.numeric), ignorePunctuation: false, caseFirst: 'false' };
    }
    get compare() { return (a, b) => compare(`${a}`, `${b}`, this.#o); }
    resolvedOptions() { return { locale: LOCALE, collation: 'default', ...this.#o }; }
  }

  // Letters first without marks and case, then marks, then lower before upper: the order that people expect, without the full tables.
  function compare(a, b, { sensitivity, numeric }) {
    const marks = /\p{M}/gu;
    const base = (text) => text.normalize('NFD').replace(marks, '').toLowerCase();
    const order = primary(base(a), base(b), numeric);
    if (order || sensitivity === 'base') return order;
    const [da, db] = [a.normalize('NFD'), b.normalize('NFD')];
    if (sensitivity !== 'case') {
      const [la, lb] = [da.toLowerCase(), db.toLowerCase()];
      if (la !== lb) return la < lb ? -1 : 1;
    }
    if (sensitivity === 'accent' || da === db) return 0;
    for (let at = 0; at < Math.min(da.length, db.length); at++) {
      if (da[at] !== db[at]) return da[at] === da[at].toLowerCase() ? -1 : 1;
    }
    return da.length - db.length < 0 ? -1 : 1;
  }

  const rank = (c) => (/\s/.test(c) ? 0 : /\p{P}/u.test(c) ? 1 : /\p{S}/u.test(c) ? 2 : /\p{N}/u.test(c) ? 3 : 4);

  function primary(a, b, numeric) {
    const split = numeric ? /\d+|\D/gu : /./gsu;
    const [as, bs] = [a.match(split) ?? [], b.match(split) ?? []];
    for (let at = 0; at < Math.min(as.length, bs.length); at++) {
      const [x, y] = [as[at], bs[at]];
      if (x === y) continue;
      if (numeric && /^\d/.test(x) && /^\d/.test(y) && Number(x) !== Number(y)) return Number(x) < Number(y) ? -1 : 1;
      const [rx, ry] = [rank(x), rank(y)];
      if (rx !== ry) return rx < ry ? -1 : 1;
      if (x !== y) return x < y ? -1 : 1;
    }
    return Math.sign(as.length - bs.length);
  }

  class ListFormat extends Format {
    #type;
    #style;
    constructor(locales, options = {}) {
      super();
      this.#type = choose('type', options.type, ['conjunction', 'disjunction', 'unit'], 'conjunction');
      this.#style = choose('style', options.style, ['long', 'short', 'narrow'], 'long');
    }
    format(list) {
      const items = [...list];
      const word = this.#type === 'disjunction' ? 'or' : this.#type === 'unit' ? '' : this.#style === 'long' ? 'and' : this.#style === 'short' ? '&' : '';
      if (items.length < 2) return items.join('');
      if (!word) return items.join(this.#type === 'unit' && this.#style === 'narrow' ? ' ' : ', ');
      if (items.length === 2) return items.join(` ${word} `);
      return `${items.slice(0, -1).join(', ')}, ${word} ${items.at(-1)}`;
    }
    resolvedOptions() { return { locale: LOCALE, type: this.#type, style: this.#style }; }
  }

  const SHORT = { second: 'sec.', minute: 'min.', hour: 'hr.', day: 'day', week: 'wk.', month: 'mo.', quarter: 'qtr.', year: 'yr.' };
  const NEAR = {
    day: ['yesterday', 'today', 'tomorrow'], week: ['last week', 'this week', 'next week'], month: ['last month', 'this month', 'next month'],
    quarter: ['last quarter', 'this quarter', 'next quarter'], year: ['last year', 'this year', 'next year'], hour: [, 'this hour'], minute: [, 'this minute'], second: [, 'now'],
  };

  class RelativeTimeFormat extends Format {
    #style;
    #numeric;
    constructor(locales, options = {}) {
      super();
      this.#style = choose('style', options.style, ['long', 'short', 'narrow'], 'long');
      this.#numeric = choose('numeric', options.numeric, ['always', 'auto'], 'always');
    }
    format(value, unit) {
      const name = `${unit}`.replace(/s$/, '');
      if (!(name in SHORT)) throw new RangeError(`Invalid unit argument for format() '${unit}'`);
      const number = Number(value);
      const near = this.#numeric === 'auto' ? NEAR[name][number + 1] : undefined;
      if (near) return near;
      const size = Math.abs(number);
      const many = size === 1 ? '' : 's';
      const word = this.#style === 'long' || name === 'day' ? name + many : name === 'quarter' ? `qtr${many}.` : SHORT[name];
      const text = `${new NumberFormat().format(size)} ${word}`;
      return number < 0 || Object.is(number, -0) ? `${text} ago` : `in ${text}`;
    }
    resolvedOptions() { return { locale: LOCALE, style: this.#style, numeric: this.#numeric, numberingSystem: 'latn' }; }
  }

  // --- the namespace, and the methods of other types that go through it ---

  const Intl = {};
  for (const type of [NumberFormat, DateTimeFormat, PluralRules, Collator, ListFormat, RelativeTimeFormat]) define(type.name, callable(type), Intl);
  define('getCanonicalLocales', (locales) => [...(typeof locales === 'string' ? [locales] : locales ?? [])], Intl);
  Object.defineProperty(Intl, Symbol.toStringTag, { value: 'Intl', configurable: true });
  define('Intl', Intl);

  // Three of the constructors may be called without `new`.
  function callable(type) {
    if (![NumberFormat, DateTimeFormat, Collator].includes(type)) return type;
    const made = new Proxy(type, { apply: (target, self, args) => new target(...args) });
    type.prototype.constructor = made;
    return made;
  }

  define('toLocaleString', function toLocaleString(locales, options) { return new NumberFormat(locales, options).format(Number.prototype.valueOf.call(this)); }, Number.prototype);
  define('toLocaleString', function toLocaleString(locales, options) { return new NumberFormat(locales, options).format(BigInt.prototype.valueOf.call(this)); }, BigInt.prototype);
  define('localeCompare', function localeCompare(that, locales, options) { return compare(`${this}`, `${that}`, { sensitivity: options?.sensitivity ?? 'variant', numeric: Boolean(options?.numeric) }); }, String.prototype);
  for (const [name, usual] of [['toLocaleString', 'date+time'], ['toLocaleDateString', 'date+'], ['toLocaleTimeString', 'time+']]) {
    define(name, {
      [name](locales, options) {
        const time = Date.prototype.getTime.call(this);
        return Number.isNaN(time) ? 'Invalid Date' : new DateTimeFormat(locales, options, usual).format(time);
      },
    }[name], Date.prototype);
  }
})
