package org.example;

import com.google.gson.Gson;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;

/** A poll: GET /votes is the count so far as JSON, POST /votes/tea is one more. */
public class Poll {
    private static final Map<String, Integer> VOTES =
            new ConcurrentSkipListMap<>(Map.of("coffee", 0, "tea", 0, "water", 0));
    private static final Gson GSON = new Gson();

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
        HttpServer server = HttpServer.create();
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", Poll::page);
        server.createContext("/votes", Poll::votes);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(1)));
        server.bind(new InetSocketAddress(port), 511);
        server.start();
        System.out.println("poll listens on port " + port);
    }

    private static void page(HttpExchange exchange) throws IOException {
        try (var page = Poll.class.getResourceAsStream("/page.html")) {
            boolean known = exchange.getRequestURI().getPath().equals("/");
            answer(exchange, known ? 200 : 404, "text/html", known ? page.readAllBytes() : "Not found".getBytes());
        }
    }

    private static void votes(HttpExchange exchange) throws IOException {
        String choice = exchange.getRequestURI().getPath().replaceFirst("^/votes/?", "");
        boolean counted = exchange.getRequestMethod().equals("POST")
                && VOTES.computeIfPresent(choice, (name, count) -> count + 1) != null;
        int status = counted || choice.isEmpty() ? 200 : 404;
        answer(exchange, status, "application/json", GSON.toJson(new TreeMap<>(VOTES)).getBytes(StandardCharsets.UTF_8));
    }

    private static void answer(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
        exchange.sendResponseHeaders(status, body.length);
        try (var stream = exchange.getResponseBody()) {
            stream.write(body);
        }
    }
}
