# Objects: attributes, methods, inheritance, properties.
class Shape:
    made = 0

    def __init__(self, size):
        self.size = size
        Shape.made += 1

    @property
    def double(self):
        return self.size * 2

    def area(self):
        return 0


class Square(Shape):
    def area(self):
        return self.size * self.size


class Frame(Square):
    def __init__(self, size, border):
        super().__init__(size)
        self.border = border

    def area(self):
        return super().area() - (self.size - self.border) ** 2


def main():
    total = 0
    for i in range(40000):
        for shape in (Square(i % 10), Frame(i % 10, 1)):
            total += shape.area() + shape.double
    print(total, Shape.made)


main()
