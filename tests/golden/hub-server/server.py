"""A hub on a loopback port: tells the port, then what each request asks for and with which token."""
import http.server
import pathlib
import sys


class Hub(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        token = self.headers.get("Authorization", "none")
        with open(sys.argv[2], "a") as log:
            log.write(f"{self.path} {token}\n")
        name = self.path.split("/")[-1]
        gated = self.path.startswith("/Org/Gated") and token != "Bearer hf_secret"
        broken = self.path.startswith("/Org/Broken")
        there = name == "config.json" and not self.path.startswith("/Org/None")
        self.send_response(401 if gated else 503 if broken else 200 if there else 404)
        self.end_headers()
        self.wfile.write(pathlib.Path("config.json").read_bytes() if there else b"no")

    def log_message(self, *ignored):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Hub)
pathlib.Path(sys.argv[1]).write_text(str(server.server_port))
server.serve_forever()
