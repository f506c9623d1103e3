import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Writes a topic of one partition to a file, from its begin to its present end.
 *
 * <p>Arguments: port of the broker, topic, file. Of each record: the first letter of the key as a byte, the number after it
 * and the record's epoch ms as 8 bytes each, the value; all big-endian.
 */
final class PowerDump {
  private PowerDump() {}

  public static void main(String[] arguments) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", "127.0.0.1:" + arguments[0]);
    settings.put("max.poll.records", 100_000);
    settings.put("fetch.max.bytes", 16 << 20);
    settings.put("max.partition.fetch.bytes", 16 << 20);
    TopicPartition partition = new TopicPartition(arguments[1], 0);
    try (KafkaConsumer<String, byte[]> consumer =
            new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
        DataOutputStream out =
            new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(Path.of(arguments[2])), 1 << 20))) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          out.writeByte(record.key().charAt(0));
          out.writeLong(Long.parseLong(record.key(), 1, record.key().length(), 10));
          out.writeLong(record.timestamp());
          out.write(record.value());
        }
      }
    }
  }
}
