#: row: 10 the most precision that there is takes more memory than there is
#: ended: memory_limit
#: error: MemoryError
#: twin: JavaScript has no decimal numbers
import decimal
decimal.getcontext().prec = decimal.MAX_PREC
decimal.Decimal(1) / 3
