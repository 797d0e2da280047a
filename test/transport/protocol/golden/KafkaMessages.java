import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageSizeAccumulator;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.ResponseHeader;

/**
 * Reads lines of "api Request|Response version key hex" and lets Kafka's own message classes read
 * each frame and write it again. Answers "SAME" or what went wrong, a tab, and the message as JSON.
 */
public class KafkaMessages {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            try {
                out.println(check(line.split(" ")));
            } catch (Throwable error) {
                Throwable cause = error.getCause() == null ? error : error.getCause();
                out.println("FAILED " + cause + "\t{}");
            }
        }
        out.flush();
    }

    private static String check(String[] given) throws Exception {
        String name = given[0] + given[1] + "Data";
        short version = Short.parseShort(given[2]);
        ApiKeys key = ApiKeys.forId(Integer.parseInt(given[3]));
        byte[] frame = HexFormat.of().parseHex(given[4]);
        ByteBuffer buffer = ByteBuffer.wrap(frame);
        boolean isRequest = given[1].equals("Request");
        short headerVersion = isRequest ? key.requestHeaderVersion(version) : key.responseHeaderVersion(version);
        ApiMessage header = isRequest
            ? RequestHeader.parse(buffer).data()
            : ResponseHeader.parse(buffer, headerVersion).data();
        Class<?> type = Class.forName("org.apache.kafka.common.message." + name);
        ApiMessage message = (ApiMessage) type
            .getConstructor(org.apache.kafka.common.protocol.Readable.class, short.class)
            .newInstance(new ByteBufferAccessor(buffer), version);
        if (buffer.hasRemaining()) return "LEFT " + buffer.remaining() + "\t{}";
        JsonNode json = (JsonNode) Class.forName(type.getName() + "JsonConverter")
            .getMethod("write", type, short.class, boolean.class)
            .invoke(null, message, version, false);
        ObjectSerializationCache cache = new ObjectSerializationCache();
        MessageSizeAccumulator size = new MessageSizeAccumulator();
        header.addSize(size, cache, headerVersion);
        message.addSize(size, cache, version);
        ByteBuffer written = ByteBuffer.allocate(size.totalSize());
        header.write(new ByteBufferAccessor(written), cache, headerVersion);
        message.write(new ByteBufferAccessor(written), cache, version);
        boolean same = Arrays.equals(written.array(), frame);
        return (same ? "SAME" : "DIFFERENT " + HexFormat.of().formatHex(written.array())) + "\t" + json;
    }
}
