//: row: 47 control characters reach the caller as they are: a surface decides what a terminal may see
//: ended: completed
process.stdout.write("\x1b[2J\x1b]0;title\x07\u202eabc\r");
