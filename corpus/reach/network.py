#: row: 65, 66 a server of this machine, by every way of speaking to it and every spelling of its address
#: ended: completed
#: value: []
found = []
port = int("@PORT@") if "@PORT@".isdigit() else 9
hosts = ["127.0.0.1", "localhost", "127.1", "0.0.0.0", "2130706433", "0x7f000001", "0177.0.0.1", "::ffff:127.0.0.1", "localhost."]

def by_socket(host):
    import socket
    connection = socket.create_connection((host, port), 1)
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    return connection.recv(1000).decode()
def by_datagram(host):
    import socket
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (host, port))
    return "sent"
def by_url(host):
    import urllib.request
    return urllib.request.urlopen(f"http://{host}:{port}/", timeout=1).read().decode()
def by_http(host):
    import http.client
    connection = http.client.HTTPConnection(host, port, timeout=1)
    connection.request("GET", "/")
    return connection.getresponse().read().decode()
def by_name(host):
    import socket
    return str(socket.getaddrinfo(host, port)) if host == "localhost." else 1 / 0

for host in hosts:
    for way in [by_socket, by_datagram, by_url, by_http, by_name]:
        try:
            found.append([host, way(host)])
        except Exception:
            pass
found
