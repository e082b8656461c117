// Objects: fields, methods, inheritance, getters.
(function () {
  let made = 0;
  class Shape {
    constructor(size) {
      this.size = size;
      made++;
    }
    get double() {
      return this.size * 2;
    }
    area() {
      return 0;
    }
  }
  class Square extends Shape {
    area() {
      return this.size * this.size;
    }
  }
  class Frame extends Square {
    #border;
    constructor(size, border) {
      super(size);
      this.#border = border;
    }
    area() {
      return super.area() - (this.size - this.#border) ** 2;
    }
  }
  let total = 0;
  for (let i = 0; i < 50000; i++) {
    for (const shape of [new Square(i % 10), new Frame(i % 10, 1)]) total += shape.area() + shape.double;
  }
  return `${total} ${made}`;
})();
