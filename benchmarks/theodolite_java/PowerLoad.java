import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Samples of power meters to the topic PREFIXinput: one a sensor and round, a round a second. Makes the topics first.
 *
 * <p>Arguments: port of the broker, prefix of topics, file with commands, epoch ms of round 0, ms of the plant's time in a round. A command
 * is a line: `groups SENSORS` puts the hierarchy on the topic PREFIXgroups, `step ROUND ROUNDS SENSORS` sends, `end` ends.
 * Prints epoch ns and how many samples were sent, ten times a second, and `done` after the topics
 * are made and after each command.
 */
final class PowerLoad {
  private static final int SENSORS = 100; // of a line
  private static final int LINES = 10; // of an area
  private static final long REPORT_NS = 100_000_000;

  private final KafkaProducer<String, byte[]> producer;
  private final AtomicReference<Exception> failure = new AtomicReference<>();
  private final Callback acknowledged =
      (metadata, error) -> {
        if (error != null) {
          failure.compareAndSet(null, error);
        }
      };
  private final String prefix;
  private final long beginMs;
  private final long roundMs;
  private final List<String> names = new ArrayList<>();
  private long sent;
  private long reportedNs;

  private PowerLoad(String port, String prefix, long beginMs, long roundMs) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", "127.0.0.1:" + port);
    try (Admin admin = Admin.create(settings)) {
      admin
          .createTopics(
              Stream.of("input", "output", "groups", "sums")
                  .map(name -> new NewTopic(prefix + name, 1, (short) 1))
                  .toList())
          .all()
          .get();
    }
    settings.put("linger.ms", 20);
    settings.put("batch.size", 256 << 10);
    settings.put("buffer.memory", 64 << 20);
    producer =
        new KafkaProducer<>(
            settings,
            new StringSerializer(),
            new ByteArraySerializer());
    this.prefix = prefix;
    this.beginMs = beginMs;
    this.roundMs = roundMs;
  }

  public static void main(String[] arguments) throws Exception {
    PowerLoad load =
        new PowerLoad(
            arguments[0], arguments[1], Long.parseLong(arguments[3]), Long.parseLong(arguments[4]));
    System.out.println("done");
    Path commands = Path.of(arguments[2]);
    for (int next = 0; ; ) {
      List<String> lines = Files.readAllLines(commands);
      if (next == lines.size()) {
        Thread.sleep(20);
        continue;
      }
      String[] words = lines.get(next++).split(" ");
      if (words[0].equals("end")) {
        return;
      } else if (words[0].equals("groups")) {
        load.tellGroups(Integer.parseInt(words[1]));
      } else {
        load.step(
            Long.parseLong(words[1]), Integer.parseInt(words[2]), Integer.parseInt(words[3]));
      }
      load.flush();
      System.out.println("done");
    }
  }

  private void tellGroups(int sensors) {
    for (int sensor = 0; sensor < sensors; sensor++) {
      tell("s" + sensor, "l" + sensor / SENSORS);
    }
    for (int line = 0; line * SENSORS < sensors; line++) {
      tell("l" + line, "a" + line / LINES);
    }
    for (int area = 0; area * SENSORS * LINES < sensors; area++) {
      tell("a" + area, "p0");
    }
  }

  private void tell(String member, String group) {
    producer.send(new ProducerRecord<>(prefix + "groups", null, beginMs, member, group.getBytes()), acknowledged);
  }

  private void step(long round, int rounds, int sensors) throws InterruptedException {
    for (int sensor = names.size(); sensor < sensors; sensor++) {
      names.add("s" + sensor);
    }
    long total = (long) rounds * sensors;
    long beganNs = System.nanoTime();
    for (long done = 0; done < total; ) {
      long due = Math.min(total, (long) ((System.nanoTime() - beganNs) * 1e-9 * sensors));
      for (; done < due; done++, sent++) {
        send((int) (done % sensors), round + done / sensors, sensors);
        if ((sent & 1023) == 0) {
          report();
        }
      }
      report();
      Thread.sleep(2);
    }
  }

  private void send(int sensor, long round, int sensors) {
    long timeMs = beginMs + round * roundMs + sensor * roundMs / sensors;
    byte[] value =
        Formats.POWER.serializer().serialize("", new Formats.Power(timeMs, Formats.power(sensor, round)));
    producer.send(new ProducerRecord<>(prefix + "input", null, timeMs, names.get(sensor), value), acknowledged);
  }

  private void report() {
    long now = System.nanoTime();
    if (now - reportedNs >= REPORT_NS) {
      reportedNs = now;
      System.out.println(System.currentTimeMillis() * 1_000_000 + " " + sent);
    }
  }

  private void flush() throws Exception {
    producer.flush();
    if (failure.get() != null) {
      throw failure.get();
    }
    reportedNs = 0;
    report();
  }
}
