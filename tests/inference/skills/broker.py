"""An MQTT broker for tests: takes what is published at QoS 1, over real sockets."""

import socket
import threading

from tests.edge import mqtt


class Broker:
    """`silent`: it takes no more messages; `password`: the one that it lets in with."""

    def __init__(self, password: str = "hush") -> None:
        self.password = password
        self.silent = False
        self.heard: list[mqtt.Publish] = []
        self.connects: list[mqtt.Connect] = []
        self._stop = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.05)
        self.port = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._server.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._server.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        decoder = mqtt.Decoder()
        connection.settimeout(0.05)
        with connection:
            while not self._stop.is_set():
                try:
                    data = connection.recv(4096)
                except TimeoutError:
                    continue
                except OSError:
                    return
                if not data:
                    return
                for packet in decoder.feed(data):
                    self._answer(connection, packet)

    def _answer(self, connection: socket.socket, packet: mqtt.Packet) -> None:
        match packet:
            case mqtt.Connect():
                self.connects.append(packet)
                good = packet.password == self.password
                connection.sendall(mqtt.connack(mqtt.ACCEPTED if good else mqtt.NOT_AUTHORIZED))
            case mqtt.Publish() if not self.silent:
                self.heard.append(packet)
                connection.sendall(mqtt.puback(packet.packet_id))
            case mqtt.Ping():
                connection.sendall(mqtt.pingresp())
