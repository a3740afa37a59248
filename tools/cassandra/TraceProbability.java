// Has a running Cassandra trace a share of all requests into system_traces, as nodetool's
// settraceprobability does, but without a JMX port: java TraceProbability.java PID SHARE

import com.sun.tools.attach.VirtualMachine;
import javax.management.Attribute;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

public class TraceProbability {
  public static void main(String[] arguments) throws Exception {
    VirtualMachine node = VirtualMachine.attach(arguments[0]);
    try (JMXConnector connected =
        JMXConnectorFactory.connect(new JMXServiceURL(node.startLocalManagementAgent()))) {
      connected
          .getMBeanServerConnection()
          .setAttribute(
              new ObjectName("org.apache.cassandra.db:type=StorageService"),
              new Attribute("TraceProbability", Double.valueOf(arguments[1])));
    } finally {
      node.detach();
    }
  }
}
